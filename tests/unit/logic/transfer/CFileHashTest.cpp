#include "logic/transfer/CFileHash.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "misc/file/CFd.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

class CFileHashTest : public testing::Test {
 protected:
  CFileHashTest() : m_content(200'000, 'c') {
    m_folder.Write("file", m_content);
    m_fd = CFd(::open((m_folder.Path() / "file").c_str(), O_RDWR | O_CLOEXEC));
  }
  std::string DigestOf(size_t bytes) const {
    return CDigest::Hex(CDigest::Sha256Of(std::as_bytes(std::span(m_content).first(bytes))));
  }

  CTemporaryFolder m_folder;
  const std::string m_content;
  CFd m_fd;
};

TEST_F(CFileHashTest, GoesInSteps) {
  CFileHash hash(m_content.size(), true);
  for (uint64_t expected : {70'000U, 140'000U}) {
    EXPECT_EQ(hash.Step(m_fd.Get(), 70'000), 0);
    EXPECT_EQ(hash.Hashed(), expected);
    EXPECT_FALSE(hash.IsDone());
  }
  EXPECT_EQ(hash.Step(m_fd.Get(), 70'000), 0);
  ASSERT_TRUE(hash.IsDone());
  EXPECT_EQ(CDigest::Hex(hash.Sha256()), DigestOf(m_content.size()));
  CDigest md5(CDigest::EKind::kMd5);
  md5.Update(std::as_bytes(std::span(m_content)));
  Md5Bytes expected{};
  md5.Finish(expected);
  EXPECT_EQ(hash.Md5(), expected);
  // One step too many changes nothing.
  EXPECT_EQ(hash.Step(m_fd.Get()), 0);
  EXPECT_EQ(CDigest::Hex(hash.Sha256()), DigestOf(m_content.size()));
}

TEST_F(CFileHashTest, AFileThatBecameShorterEndsThere) {
  CFileHash hash(m_content.size(), false);
  EXPECT_EQ(hash.Step(m_fd.Get(), 70'000), 0);
  ASSERT_EQ(::ftruncate(m_fd.Get(), 100'000), 0);
  EXPECT_EQ(hash.Step(m_fd.Get()), 0);
  EXPECT_TRUE(hash.IsDone());
  EXPECT_EQ(hash.Size(), 100'000U);
  EXPECT_EQ(CDigest::Hex(hash.Sha256()), DigestOf(100'000));
  EXPECT_EQ(hash.Md5(), Md5Bytes{});
}

TEST_F(CFileHashTest, NothingIsDoneInOneStep) {
  CFileHash hash(0, false);
  EXPECT_EQ(hash.Step(m_fd.Get()), 0);
  EXPECT_TRUE(hash.IsDone());
  EXPECT_EQ(CDigest::Hex(hash.Sha256()), DigestOf(0));
}

TEST_F(CFileHashTest, TellsErrors) {
  CFileHash hash(10, false);
  EXPECT_EQ(hash.Step(-1), EBADF);
  EXPECT_FALSE(hash.IsDone());
}

}  // namespace
}  // namespace switchboard
