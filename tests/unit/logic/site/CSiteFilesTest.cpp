#include "logic/site/CSiteFiles.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

class CSiteFilesTest : public testing::Test {
 protected:
  CSiteFilesTest() {
    m_folder.Write("index.html", "home");
    m_folder.Write("a/page.html", "page");
    m_folder.Write("b/second.html", "second");
    m_config.root = m_folder.Path().string();
    m_config.index = {"index.html", "second.html"};
  }

  const CTemporaryFolder m_folder;
  CSiteFiles::SConfig m_config;
  MonotonicTime m_now{std::chrono::hours(1000)};
};

TEST_F(CSiteFilesTest, FindsWhatAPathNames) {
  CSiteFiles files(m_config);
  const struct {
    const char* p_path;
    uint16_t status;
    std::string body;
  } cases[] = {
      {"/", 200, "home"},
      {"/index.html", 200, "home"},
      {"/a/page.html", 200, "page"},
      {"/b/", 200, "second"},
      {"/a", 301, ""},
      {"/a/", 403, ""},
      {"/none", 404, ""},
      {"/none/", 404, ""},
      {"/index.html/", 404, ""},
      {"/index.html/x", 404, ""},
  };
  for (const auto& test : cases) {
    const SSiteEntry entry = files.Lookup(test.p_path, m_now);
    EXPECT_EQ(entry.status, test.status) << test.p_path;
    EXPECT_EQ(entry.p_file != nullptr ? entry.p_file->body : "", test.body) << test.p_path;
    EXPECT_EQ(entry.page, "") << test.p_path;
  }
}

TEST_F(CSiteFilesTest, ListsAFolderWithoutAnIndexFileIfItMay) {
  m_config.isListing = true;
  CSiteFiles files(m_config);
  const SSiteEntry entry = files.Lookup("/a/", m_now);
  EXPECT_EQ(entry.status, 200);
  EXPECT_EQ(entry.p_file, nullptr);
  EXPECT_NE(entry.page.find("page.html"), std::string::npos);
  EXPECT_NE(files.Lookup("/", m_now).p_file, nullptr);
}

// Shown by taking the files away: what is still answered asked no disk.
TEST_F(CSiteFilesTest, WhatIsCachedNeedsNoDisk) {
  CSiteFiles files(m_config);
  EXPECT_FALSE(files.Cached("/", m_now).has_value());
  EXPECT_FALSE(files.Cached("/a/page.html", m_now).has_value());
  const SSiteEntry home = files.Lookup("/", m_now);
  const SSiteEntry page = files.Lookup("/a/page.html", m_now);
  std::filesystem::remove_all(m_folder.Path());
  ASSERT_TRUE(files.Cached("/", m_now).has_value());
  EXPECT_EQ(files.Cached("/", m_now)->p_file, home.p_file);
  EXPECT_EQ(files.Cached("/index.html", m_now)->p_file, home.p_file);
  EXPECT_EQ(files.Cached("/a/page.html", m_now)->p_file, page.p_file);
  EXPECT_FALSE(files.Cached("/a/", m_now).has_value());

  m_now += CFileCache::kCheckEvery;
  EXPECT_FALSE(files.Cached("/", m_now).has_value());
  EXPECT_EQ(files.Lookup("/index.html", m_now).status, 404);
  EXPECT_FALSE(files.Cached("/", m_now).has_value());
}

TEST_F(CSiteFilesTest, AnUnchangedFileStaysTheSame) {
  std::filesystem::last_write_time(m_folder.Path() / "index.html",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::seconds(100));
  CSiteFiles files(m_config);
  const ServedFilePtr p_file = files.Lookup("/", m_now).p_file;
  m_now += CFileCache::kCheckEvery;
  EXPECT_FALSE(files.Cached("/", m_now).has_value());
  EXPECT_EQ(files.Lookup("/", m_now).p_file, p_file);
  EXPECT_EQ(files.Cached("/", m_now)->p_file, p_file);
}

TEST_F(CSiteFilesTest, ManyThreadsMayLook) {
  for (int i = 0; i < 10; ++i) m_folder.Write("f" + std::to_string(i), std::to_string(i));
  CSiteFiles files(m_config);
  const auto look = [&] {
    MonotonicTime now = m_now;
    for (int i = 0; i < 2000; ++i) {
      const std::string name = std::to_string(i % 10);
      std::optional<SSiteEntry> entry = files.Cached("/f" + name, now);
      if (!entry) entry = files.Lookup("/f" + name, now);
      ASSERT_NE(entry->p_file, nullptr);
      EXPECT_EQ(entry->p_file->body, name);
      now += std::chrono::milliseconds(100);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(look);
  look();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace switchboard
