#include "net/accept/CAcceptLock.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

// A process that has the lock until somebody kills it.
class COwner {
 public:
  explicit COwner(CAcceptLock& lock) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    m_pid = fork();
    if (m_pid == 0) {
      const bool isLocked = lock.TryLock();
      [[maybe_unused]] const ssize_t written = write(ends[1], &isLocked, sizeof(isLocked));
      while (true) pause();
    }
    bool isLocked = false;
    EXPECT_EQ(read(ends[0], &isLocked, sizeof(isLocked)), ssize_t{sizeof(isLocked)});
    EXPECT_TRUE(isLocked);
    close(ends[0]);
    close(ends[1]);
  }
  ~COwner() { Kill(); }
  COwner(const COwner&) = delete;
  COwner& operator=(const COwner&) = delete;

  void Kill() {
    if (m_pid == 0) return;
    kill(m_pid, SIGKILL);
    waitpid(std::exchange(m_pid, 0), nullptr, 0);
  }

 private:
  pid_t m_pid = 0;
};

TEST(CAcceptLockTest, OneProcessHasItAtATime) {
  CAcceptLock lock;
  ASSERT_TRUE(lock.TryLock());
  lock.Unlock();
  const COwner owner(lock);
  EXPECT_FALSE(lock.TryLock());
}

TEST(CAcceptLockTest, AKilledOwnerLeavesItToTheNext) {
  CAcceptLock lock;
  for (int i = 0; i < 3; ++i) {
    COwner owner(lock);
    EXPECT_FALSE(lock.TryLock());
    owner.Kill();
    ASSERT_TRUE(lock.TryLock());
    lock.Unlock();
  }
}

TEST(CAcceptLockTest, TheBellIsHeard) {
  CAcceptLock lock;
  pollfd bell{lock.BellFd(), POLLIN, 0};
  EXPECT_EQ(poll(&bell, 1, 0), 0);
  lock.Ring();
  EXPECT_EQ(poll(&bell, 1, 0), 1);
}

TEST(CAcceptLockTest, ClientsOfAKilledOwnerAreServedAtTheRing) {
  const auto p_lock = std::make_shared<CAcceptLock>();
  COwner owner(*p_lock);
  CStubApplication socket;
  CTestNetwork network(socket, TestConfig(), p_lock);
  CTestClient client(network.Port());
  client.SendFrame(7);
  // It was woken for the client, and found that it isn't its turn.
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kAcceptWakeups) > 0; }));
  EXPECT_EQ(network.Count(ECounter::kConnectionsAccepted), 0U);
  owner.Kill();
  p_lock->Ring();
  EXPECT_TRUE(client.ReceiveFrame().has_value());
}

}  // namespace
}  // namespace switchboard
