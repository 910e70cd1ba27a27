#include "misc/thread/CWakeup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>

#include "misc/thread/CThread.h"

namespace switchboard {
namespace {

bool IsReadable(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, 0) == 1;
}

TEST(CWakeupTest, ASignalMakesItReadableUntilItIsCleared) {
  CWakeup wakeup;
  EXPECT_FALSE(IsReadable(wakeup.Fd()));
  wakeup.Signal();
  wakeup.Signal();
  EXPECT_TRUE(IsReadable(wakeup.Fd()));
  wakeup.Clear();
  EXPECT_FALSE(IsReadable(wakeup.Fd()));
  wakeup.Clear();  // nothing to clear, and it doesn't block
}

TEST(CWakeupTest, WhoSharesItCanNotMakeClearingItBlock) {
  CWakeup wakeup;
  ASSERT_EQ(::fcntl(wakeup.Fd(), F_SETFL, 0), 0);
  wakeup.Clear();
  wakeup.Signal();
  wakeup.Clear();
  EXPECT_FALSE(IsReadable(wakeup.Fd()));
}

TEST(CWakeupTest, WaitEndsWithASignalAndClearsIt) {
  CWakeup wakeup;
  CThread other("signaller", [&wakeup] { wakeup.Signal(); });
  wakeup.Wait(std::nullopt, {});
  EXPECT_FALSE(IsReadable(wakeup.Fd()));
}

TEST(CWakeupTest, WaitEndsAtTheDeadlineAndNotBefore) {
  CWakeup wakeup;
  const MonotonicTime now = std::chrono::steady_clock::now();
  const MonotonicTime deadline = now + std::chrono::milliseconds(20);
  wakeup.Wait(deadline, now);
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  wakeup.Wait(now - std::chrono::hours(1), now);  // past: doesn't wait
}

}  // namespace
}  // namespace switchboard
