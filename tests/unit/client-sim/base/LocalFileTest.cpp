#include "client-sim/base/LocalFile.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard::sim {
namespace {

namespace fs = std::filesystem;

class LocalFileTest : public testing::Test {
 protected:
  LocalFileTest() {
    m_folder.Write("file", "0123456789");
    m_fd = CFd(::open((m_folder.Path() / "file").c_str(), O_RDWR | O_CLOEXEC));
  }

  CTemporaryFolder m_folder;
  CFd m_fd;
};

TEST_F(LocalFileTest, ReadsAndWritesAtAPlace) {
  std::array<std::byte, 4> room{};
  ReadAt(m_fd, "file", 3, room);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(room.data()), room.size()), "3456");
  WriteAt(m_fd, "file", 8, room);
  EXPECT_EQ(m_folder.Read("file"), "012345673456");
  EXPECT_EQ(SizeOf(m_fd, "file"), 12U);
}

TEST_F(LocalFileTest, AReadBeyondTheEndSaysWhichFile) {
  std::array<std::byte, 4> room{};
  try {
    ReadAt(m_fd, "file", 7, room);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "file became shorter while it was read");
  }
}

TEST_F(LocalFileTest, ErrorsOfTheSystemAreSaidSo) {
  std::array<std::byte, 4> room{};
  const CFd none;
  EXPECT_THROW(ReadAt(none, "file", 0, room), std::system_error);
  EXPECT_THROW(WriteAt(none, "file", 0, room), std::system_error);
  EXPECT_THROW(SizeOf(none, "file"), std::system_error);
}

TEST_F(LocalFileTest, DigestsARange) {
  const std::string content(600'000, 'x');
  m_folder.Write("file", content);
  const CFd fd(::open((m_folder.Path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  CDigest digest(CDigest::EKind::kSha256);
  DigestRange(fd, "file", 0, 300'001, digest);
  DigestRange(fd, "file", 300'001, content.size(), digest);
  Sha256Bytes bytes{};
  digest.Finish(bytes);
  EXPECT_EQ(bytes, CDigest::Sha256Of(std::as_bytes(std::span(content))));
}

TEST_F(LocalFileTest, AContentIsReplacedAtOnce) {
  const std::string path = (m_folder.Path() / "file").string();
  // Whoever has the old one open keeps it whole.
  ReplaceFile(path, "new");
  EXPECT_EQ(m_folder.Read("file"), "new");
  EXPECT_EQ(SizeOf(m_fd, "file"), 10U);
  EXPECT_EQ(std::distance(fs::directory_iterator(m_folder.Path()), {}), 1) << "nothing else is left";
}

TEST_F(LocalFileTest, AskingWhetherItCanBeReplacedChangesNothing) {
  CheckReplaceable((m_folder.Path() / "file").string());
  CheckReplaceable((m_folder.Path() / "another").string());
  EXPECT_EQ(m_folder.Read("file"), "0123456789");
  EXPECT_EQ(std::distance(fs::directory_iterator(m_folder.Path()), {}), 1);
  EXPECT_THROW(CheckReplaceable("/nonexistent/folder/file"), std::system_error);
  EXPECT_THROW(CheckReplaceable(m_folder.Path().string()), std::system_error);
}

TEST_F(LocalFileTest, ALinkGoesOnLeadingThere) {
  const fs::path link = m_folder.Path() / "link";
  fs::create_symlink("file", link);
  ReplaceFile(link.string(), "new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(m_folder.Read("file"), "new");
}

TEST_F(LocalFileTest, WhatIsNoRegularFileIsWrittenTo) {
  ReplaceFile("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THROW(ReplaceFile("/dev/full", "x"), std::system_error);
  EXPECT_THROW(ReplaceFile("/nonexistent/folder/file", "x"), std::system_error);
}

}  // namespace
}  // namespace switchboard::sim
