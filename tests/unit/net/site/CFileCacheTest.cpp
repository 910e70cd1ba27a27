#include "net/site/CFileCache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

using std::chrono::seconds;

class CFileCacheTest : public testing::Test {
 protected:
  CFileCacheTest() {
    m_folder.Write("large", std::string(CFileCache::kSmallBytes + 1, 'x'));
    m_folder.Write("small", "x");
  }
  CFileCache::FilePtr Get(std::string_view path) { return m_cache.Get(path, m_now, m_error); }

  CTemporaryFolder m_folder;
  const CFileRoot m_root{m_folder.Path().string(), ESymlinks::kWithinRoot};
  CFileCache m_cache{m_root, [](std::string_view, SServedFile&) {}};
  MonotonicTime m_now{std::chrono::hours(1000)};
  EFileError m_error = EFileError::kNone;
};

TEST_F(CFileCacheTest, ALargeFileIsHeldOpenAndASmallOneInMemory) {
  const CFileCache::FilePtr p_large = Get("large");
  ASSERT_NE(p_large, nullptr);
  EXPECT_NE(p_large->p_file, nullptr);
  EXPECT_EQ(Get("large"), p_large);
  const CFileCache::FilePtr p_small = Get("small");
  ASSERT_NE(p_small, nullptr);
  EXPECT_EQ(p_small->p_file, nullptr);
  EXPECT_EQ(p_small->body, "x");
  EXPECT_EQ(Get("none"), nullptr);
  EXPECT_EQ(m_error, EFileError::kNotFound);
}

TEST_F(CFileCacheTest, WhatNobodyAsksForIsLetGo) {
  ASSERT_NE(Get("large"), nullptr);
  const std::weak_ptr<const CFd> p_open = Get("large")->p_file;
  m_now += CFileCache::kKeep;
  ASSERT_NE(Get("small"), nullptr);
  EXPECT_FALSE(p_open.expired());
  m_now += seconds(1);
  const CFileCache::FilePtr p_small = Get("small");
  EXPECT_TRUE(p_open.expired());
  m_now += CFileCache::kKeep;
  EXPECT_NE(Get("small"), nullptr) << "it was asked for in time";
}

}  // namespace
}  // namespace switchboard
