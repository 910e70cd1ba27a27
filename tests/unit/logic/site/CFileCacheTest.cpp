#include "logic/site/CFileCache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace switchboard {
namespace {

using std::chrono::seconds;

class CFileCacheTest : public testing::Test {
 protected:
  static ServedFilePtr MakeFile(size_t bodyBytes = 1, size_t gzipBytes = 0) {
    SServedFile file;
    file.body.assign(bodyBytes, 'x');
    if (gzipBytes != 0) {
      SServedFile gzip;
      gzip.body.assign(gzipBytes, 'z');
      file.p_gzip = std::make_shared<const SServedFile>(std::move(gzip));
    }
    return std::make_shared<const SServedFile>(std::move(file));
  }
  ServedFilePtr Find(std::string_view path) { return m_cache.Find(path, m_now); }
  void Put(std::string_view path, ServedFilePtr p_file) { m_cache.Put(path, std::move(p_file), m_now); }

  CFileCache m_cache;
  MonotonicTime m_now{std::chrono::hours(1000)};
};

TEST_F(CFileCacheTest, AFileIsFoundUntilAnotherTakesItsPlace) {
  EXPECT_EQ(Find("a"), nullptr);
  const ServedFilePtr p_first = MakeFile();
  Put("a", p_first);
  EXPECT_EQ(Find("a"), p_first);
  EXPECT_EQ(Find("b"), nullptr);
  const ServedFilePtr p_second = MakeFile();
  Put("a", p_second);
  EXPECT_EQ(Find("a"), p_second);
  EXPECT_EQ(p_first->body, "x") << "whoever sends it goes on";
  m_cache.Drop("a", m_now);
  m_cache.Drop("none", m_now);
  EXPECT_EQ(Find("a"), nullptr);
  EXPECT_EQ(m_cache.Known("a"), nullptr);
}

TEST_F(CFileCacheTest, OneAskerIsSentToLookAgainAndTheOthersGoOn) {
  const ServedFilePtr p_file = MakeFile();
  Put("a", p_file);
  m_now += CFileCache::kCheckEvery - std::chrono::nanoseconds(1);
  EXPECT_EQ(Find("a"), p_file);
  m_now += std::chrono::nanoseconds(1);
  EXPECT_EQ(Find("a"), nullptr);
  EXPECT_EQ(m_cache.Known("a"), p_file);
  EXPECT_EQ(Find("a"), p_file);
  m_now += CFileCache::kCheckEvery;
  EXPECT_EQ(Find("a"), nullptr) << "the one who was sent has not come back: another one goes";
  Put("a", p_file);
  EXPECT_EQ(Find("a"), p_file);
}

TEST_F(CFileCacheTest, WhatNobodyAsksForIsLetGo) {
  Put("old", MakeFile());
  const std::weak_ptr<const SServedFile> p_held = m_cache.Known("old");
  m_now += CFileCache::kKeep;
  Put("new", MakeFile());
  EXPECT_NE(Find("new"), nullptr);
  EXPECT_FALSE(p_held.expired());
  m_now += seconds(1);
  EXPECT_EQ(Find("new"), nullptr) << "it is due, not gone";
  EXPECT_FALSE(p_held.expired()) << "who only finds closes nothing: a disk may take its time for that";
  Put("new", MakeFile());
  EXPECT_TRUE(p_held.expired());
  EXPECT_NE(m_cache.Known("new"), nullptr);
}

TEST_F(CFileCacheTest, WhatNobodyAsksForIsLetGoByWhoFindsNothingOnTheDisk) {
  Put("old", MakeFile());
  const std::weak_ptr<const SServedFile> p_held = m_cache.Known("old");
  m_now += CFileCache::kKeep + seconds(1);
  m_cache.Drop("none", m_now);
  EXPECT_TRUE(p_held.expired());
}

TEST_F(CFileCacheTest, FilesAreBoundedAndTheOneUnusedTheLongestGoes) {
  for (size_t i = 0; i < CFileCache::kMaxFiles; ++i) Put(std::to_string(i), MakeFile());
  EXPECT_NE(Find("0"), nullptr);
  Put("more", MakeFile());
  EXPECT_NE(Find("0"), nullptr);
  EXPECT_EQ(Find("1"), nullptr);
  Put("packed", MakeFile(1, 1));
  EXPECT_EQ(Find("2"), nullptr);
  EXPECT_EQ(Find("3"), nullptr) << "a precompressed file is a file more";
  EXPECT_NE(Find("4"), nullptr);
}

TEST_F(CFileCacheTest, BytesInMemoryAreBounded) {
  constexpr size_t kPart = CFileCache::kMaxBodyBytes / 4;
  Put("a", MakeFile(kPart, kPart));
  Put("b", MakeFile(kPart, kPart));
  EXPECT_NE(Find("a"), nullptr);
  EXPECT_NE(Find("b"), nullptr);
  Put("a", MakeFile(kPart, kPart));
  EXPECT_NE(Find("b"), nullptr) << "what is replaced counts no more";
  Put("c", MakeFile(1));
  EXPECT_EQ(Find("a"), nullptr);
  EXPECT_NE(Find("b"), nullptr);
  Put("too large", MakeFile(CFileCache::kMaxBodyBytes + 1));
  EXPECT_EQ(Find("too large"), nullptr);
}

}  // namespace
}  // namespace switchboard
