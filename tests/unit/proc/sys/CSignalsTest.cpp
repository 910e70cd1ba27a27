#include "proc/sys/CSignals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "proc/sys/CWaiter.h"

namespace switchboard {
namespace {

// The mask of the test program is put back, so that it can be interrupted again.
class CSignalsTest : public testing::Test {
 protected:
  CSignalsTest() { pthread_sigmask(SIG_SETMASK, nullptr, &m_before); }
  ~CSignalsTest() override { pthread_sigmask(SIG_SETMASK, &m_before, nullptr); }

  static SSignal WaitFor(CSignals& signals) {
    CWaiter waiter;
    waiter.Add(signals.Fd(), 1);
    waiter.Wait(std::chrono::steady_clock::now() + std::chrono::seconds(10));
    return signals.Next().value_or(SSignal{});
  }

  sigset_t m_before;
};

TEST_F(CSignalsTest, SignalsAreReadAndNotHandled) {
  CSignals signals;
  EXPECT_FALSE(signals.Next());
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}) {
    ASSERT_EQ(kill(getpid(), number), 0);
    const SSignal signal = WaitFor(signals);
    EXPECT_EQ(signal.number, number);
    EXPECT_EQ(signal.sender, getpid());
  }
  EXPECT_FALSE(signals.Next());
}

TEST_F(CSignalsTest, ChildrenAreReportedEvenIfTheParentIgnoredThem) {
  signal(SIGCHLD, SIG_IGN);
  CSignals signals;
  const pid_t child = fork();
  if (child == 0) _exit(7);
  EXPECT_EQ(WaitFor(signals).number, SIGCHLD);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(CSignalsTest, WritingToAClosedPipeKillsNobody) {
  CSignals signals;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  close(ends[1]);
}

TEST_F(CSignalsTest, AFileThatMayNotGrowKillsNobody) {
  const pid_t child = fork();
  if (child == 0) {
    const CSignals signals;
    const rlimit none{0, 0};
    setrlimit(RLIMIT_FSIZE, &none);
    const CFd file(memfd_create("log", 0));
    _exit(write(file.Get(), "line", 4) < 0 && errno == EFBIG ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(CSignalsTest, Names) {
  EXPECT_EQ(CSignals::Name(SIGTERM), "SIGTERM");
  EXPECT_EQ(CSignals::Name(12345), "signal 12345");
}

}  // namespace
}  // namespace switchboard
