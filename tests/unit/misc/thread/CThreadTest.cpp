#include "misc/thread/CThread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <atomic>

namespace switchboard {
namespace {

std::string NameOfThisThread() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(CThreadTest, IsNamed) {
  std::string name;
  CThread thread("sb-work-3", [&] { name = NameOfThisThread(); });
  thread.Join();
  EXPECT_EQ(name, "sb-work-3");
}

TEST(CThreadTest, ALongNameIsCutToWhatLinuxKeeps) {
  std::string name;
  CThread thread("0123456789abcdefghij", [&] { name = NameOfThisThread(); });
  thread.Join();
  EXPECT_EQ(name, "0123456789abcde");
}

TEST(CThreadTest, BlocksSignalsInTheThreadAndNotInItsCreator) {
  sigset_t inThread;
  CThread thread("sb-test", [&] { pthread_sigmask(SIG_SETMASK, nullptr, &inThread); });
  thread.Join();
  sigset_t here;
  pthread_sigmask(SIG_SETMASK, nullptr, &here);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM}) {
    EXPECT_EQ(sigismember(&inThread, signal), 1) << signal;
    EXPECT_EQ(sigismember(&here, signal), 0) << signal;
  }
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    EXPECT_EQ(sigismember(&inThread, fault), 0) << fault;
  }
}

TEST(CThreadTest, TheDestructorJoins) {
  std::atomic<bool> isDone{false};
  {
    const CThread thread("sb-test", [&] { isDone = true; });
  }
  EXPECT_TRUE(isDone);
}

TEST(CThreadTest, MovesAndJoinsWhatItReplaces) {
  std::atomic<int> done{0};
  CThread thread("sb-one", [&] { ++done; });
  thread = CThread("sb-two", [&] { ++done; });
  EXPECT_TRUE(thread.IsJoinable());
  EXPECT_FALSE(thread.IsCurrent());
  CThread other(std::move(thread));
  other.Join();
  other.Join();
  EXPECT_FALSE(other.IsJoinable());
  EXPECT_EQ(done, 2);
}

TEST(CThreadTest, OneThatNeverStartedHasNothingToJoin) {
  CThread thread;
  EXPECT_FALSE(thread.IsJoinable());
  thread.Join();
}

}  // namespace
}  // namespace switchboard
