#include "misc/file/SFileRange.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

constexpr size_t kBytes = 300'000;

class SFileRangeTest : public testing::Test {
 protected:
  SFileRangeTest() {
    m_folder.Write("file", std::string(kBytes, 'x'));
    m_p_file = std::make_shared<const CFd>(open((m_folder.Path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  }
  // What the file system of this test says of a byte that was written just now; not all say anything.
  bool SaysSo() const {
    std::byte byte{};
    iovec place{&byte, 1};
    return preadv2(m_p_file->Get(), &place, 1, 0, RWF_NOWAIT) == 1;
  }
  SFileRange Range(uint64_t offset, uint64_t length) const { return {m_p_file, offset, length}; }

  CTemporaryFolder m_folder;
  std::shared_ptr<const CFd> m_p_file;
};

TEST_F(SFileRangeTest, WhatWasJustWrittenIsInMemoryWhereTheFileSystemSaysSo) {
  EXPECT_EQ(Range(0, kBytes).IsInMemory(), SaysSo());
  EXPECT_EQ(Range(kBytes - 1, 1).IsInMemory(), SaysSo());
  EXPECT_EQ(Range(65536, 65536).IsInMemory(), SaysSo());
}

TEST_F(SFileRangeTest, NobodyWaitsForWhatIsntThere) {
  EXPECT_TRUE(Range(0, 0).IsInMemory());
  EXPECT_EQ(Range(kBytes + 1, 10).IsInMemory(), SaysSo());
  EXPECT_EQ(Range(kBytes - 10, 1'000'000).IsInMemory(), SaysSo());
}

TEST_F(SFileRangeTest, WhatTheFileSystemDoesntSayIsNot) {
  // Of a pipe nobody knows a byte at an offset.
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const CFd in(ends[1]);
  const SFileRange range{std::make_shared<const CFd>(ends[0]), 0, 10};
  EXPECT_FALSE(range.IsInMemory());
}

}  // namespace
}  // namespace switchboard
