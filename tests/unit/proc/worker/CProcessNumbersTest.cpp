#include "proc/worker/CProcessNumbers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

namespace switchboard {
namespace {

// As exec leaves it to the next binary.
std::unique_ptr<CProcessNumbers> NextBinary(const CProcessNumbers& numbers) {
  return std::make_unique<CProcessNumbers>(CFd(dup(numbers.Descriptor())));
}

TEST(CProcessNumbersTest, ANewCountBeginsWithOne) {
  CProcessNumbers numbers;
  EXPECT_EQ(numbers.Next(), 1U);
  EXPECT_EQ(numbers.Next(), 2U);
}

// Respawns, reloads of four workers, upgrades that are refused, upgrades during which both binaries start workers, and
// upgrades that leave one binary alone.
TEST(CProcessNumbersTest, NoNumberIsTwiceInAThousandOfAllThatStartsWorkers) {
  auto p_numbers = std::make_unique<CProcessNumbers>();
  std::set<uint32_t> given;
  size_t count = 0;
  const auto take = [&](CProcessNumbers& numbers, int workers) {
    for (int i = 0; i < workers; ++i) given.insert(numbers.Next());
    count += static_cast<size_t>(workers);
  };
  for (int i = 0; i < 1000; ++i) {
    take(*p_numbers, i % 4 == 0 ? 4 : 1);
    if (i % 5 != 0) continue;
    auto p_next = NextBinary(*p_numbers);
    if (i % 10 == 0) {  // refused, after it had started some
      take(*p_next, 2);
      continue;
    }
    take(*p_numbers, 1);
    take(*p_next, 4);
    take(*p_numbers, 1);
    p_numbers = std::move(p_next);
  }
  EXPECT_EQ(given.size(), count);
  EXPECT_GE(count, 1000U);
}

TEST(CProcessNumbersTest, AnotherProcessCountsOn) {
  CProcessNumbers numbers;
  EXPECT_EQ(numbers.Next(), 1U);
  const pid_t pid = fork();
  if (pid == 0) _exit(static_cast<int>(NextBinary(numbers)->Next()));
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_EQ(numbers.Next(), 3U);
}

TEST(CProcessNumbersTest, NothingElseIsTakenForACount) {
  EXPECT_THROW(CProcessNumbers(CFd(open("/dev/zero", O_RDWR))), std::runtime_error);
  EXPECT_THROW(CProcessNumbers(CFd(memfd_create("something", MFD_CLOEXEC))), std::runtime_error);
}

}  // namespace
}  // namespace switchboard
