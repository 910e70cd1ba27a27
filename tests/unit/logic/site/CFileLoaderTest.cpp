#include "logic/site/CFileLoader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <string>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

class CFileLoaderTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content, time_t age = 100) const {
    m_folder.Write(name, content);
    SetAge(name, age);
  }
  // In seconds.
  void SetAge(const std::string& name, time_t age) const {
    const timespec time{std::time(nullptr) - age, 0};
    const timespec times[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (m_folder.Path() / name).c_str(), times, 0), 0);
  }
  ServedFilePtr Load(std::string_view path, const ServedFilePtr& p_known = nullptr) {
    return m_loader.Load(path, p_known, m_error);
  }

  const CTemporaryFolder m_folder;
  const CFileRoot m_root{m_folder.Path().string(), ESymlinks::kWithinRoot};
  const CMimeTypes m_types{"/nonexistent"};
  const CFileLoader m_loader{m_root, m_types, "", "X: y\r\n"};
  EFileError m_error = EFileError::kNone;
};

TEST_F(CFileLoaderTest, ASmallFileIsReadAndALargeOneHeldOpen) {
  Write("small", std::string(CFileLoader::kSmallBytes, 'x'));
  Write("large", std::string(CFileLoader::kSmallBytes + 1, 'x'));
  const ServedFilePtr p_small = Load("small");
  ASSERT_NE(p_small, nullptr);
  EXPECT_EQ(p_small->p_file, nullptr);
  EXPECT_EQ(p_small->body.size(), p_small->Size());
  const ServedFilePtr p_large = Load("large");
  ASSERT_NE(p_large, nullptr);
  EXPECT_NE(p_large->p_file, nullptr);
  EXPECT_EQ(p_large->body, "");
  EXPECT_EQ(p_large->Size(), CFileLoader::kSmallBytes + 1);
}

TEST_F(CFileLoaderTest, SaysWhyThereIsNone) {
  m_folder.Write("folder/file", "x");
  EXPECT_EQ(Load("none"), nullptr);
  EXPECT_EQ(m_error, EFileError::kNotFound);
  EXPECT_EQ(Load("folder"), nullptr);
  EXPECT_EQ(m_error, EFileError::kIsDirectory);
  EXPECT_NE(Load("folder/file"), nullptr);
  EXPECT_EQ(m_error, EFileError::kNone);
}

TEST_F(CFileLoaderTest, DescribesItAsItIsServed) {
  Write("page.html", "<p>");
  const ServedFilePtr p_file = Load("page.html");
  ASSERT_NE(p_file, nullptr);
  EXPECT_EQ(p_file->type, "text/html");
  EXPECT_EQ(p_file->modified, p_file->status.st_mtim.tv_sec);
  EXPECT_TRUE(p_file->etag.starts_with('"')) << p_file->etag;
  EXPECT_NE(p_file->fields.find("ETag: " + p_file->etag + "\r\n"), std::string::npos);
  EXPECT_EQ(p_file->wholeHead, "\r\nX: y\r\n" + p_file->fields + "Content-Type: text/html\r\nContent-Length: 3\r\n");
}

TEST_F(CFileLoaderTest, OnlyTextIsToldItsCharset) {
  const CFileLoader loader(m_root, m_types, "utf-8", "");
  for (const auto& [name, type] : {std::pair{"a.txt", "text/plain; charset=utf-8"},
                                   {"a.html", "text/html; charset=utf-8"},
                                   {"a.json", "application/json"},
                                   {"a.png", "image/png"},
                                   {"a.unknown", "application/octet-stream"}}) {
    Write(name, "x");
    const ServedFilePtr p_file = loader.Load(name, nullptr, m_error);
    ASSERT_NE(p_file, nullptr);
    EXPECT_EQ(p_file->type, type);
    EXPECT_NE(p_file->wholeHead.find(std::string("Content-Type: ") + type + "\r\n"), std::string::npos);
  }
}

TEST_F(CFileLoaderTest, AnUnchangedFileIsTheOneThatIsKnown) {
  Write("a", "first");
  const ServedFilePtr p_first = Load("a");
  EXPECT_EQ(Load("a", p_first), p_first);
  Write("a", "other", 50);
  const ServedFilePtr p_second = Load("a", p_first);
  ASSERT_NE(p_second, nullptr);
  EXPECT_EQ(p_second->body, "other");
  EXPECT_EQ(Load("none", p_first), nullptr);
}

// Its times have too coarse a grain to show a second change.
TEST_F(CFileLoaderTest, AFileOfThisMomentIsReadAgainAndNamedWeakly) {
  Write("a", "x", 0);
  const ServedFilePtr p_first = Load("a");
  ASSERT_NE(p_first, nullptr);
  EXPECT_FALSE(p_first->isSettled);
  EXPECT_TRUE(p_first->etag.starts_with("W/\"")) << p_first->etag;
  EXPECT_NE(Load("a", p_first), p_first);
  SetAge("a", -1000);
  EXPECT_LE(Load("a")->modified, std::time(nullptr)) << "nothing is later than now";
}

TEST_F(CFileLoaderTest, ThePrecompressedFileBelongsToIt) {
  Write("a.js", "plain");
  const ServedFilePtr p_plain = Load("a.js");
  ASSERT_NE(p_plain, nullptr);
  EXPECT_EQ(p_plain->p_gzip, nullptr);
  EXPECT_EQ(p_plain->fields.find("Vary"), std::string::npos);
  Write("a.js.gz", "packed");
  const ServedFilePtr p_both = Load("a.js", p_plain);
  ASSERT_NE(p_both, p_plain);
  ASSERT_NE(p_both->p_gzip, nullptr);
  EXPECT_EQ(p_both->p_gzip->body, "packed");
  EXPECT_EQ(p_both->p_gzip->type, p_both->type);
  EXPECT_NE(p_both->p_gzip->wholeHead.find("Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"), std::string::npos);
  EXPECT_NE(p_both->wholeHead.find("Vary: Accept-Encoding\r\n"), std::string::npos);
  EXPECT_EQ(p_both->wholeHead.find("Content-Encoding"), std::string::npos);
  EXPECT_EQ(Load("a.js", p_both), p_both);
  SetAge("a.js", 50);
  EXPECT_EQ(Load("a.js", p_both)->p_gzip, nullptr) << "it is older";
}

}  // namespace
}  // namespace switchboard
