#include "misc/thread/CMutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <vector>

#include "misc/thread/CThread.h"

namespace switchboard {
namespace {

// Each connection has two.
static_assert(sizeof(CMutex) == 4);

TEST(CMutexTest, HasOneHolderAtATime) {
  constexpr int kThreads = 4, kRounds = 20'000;
  CMutex mutex;
  int count = 0;  // guarded by the mutex
  bool isHeld = false;
  bool wasShared = false;
  {
    std::vector<CThread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back("test", [&] {
        for (int round = 0; round < kRounds; ++round) {
          CMutexLock lock(mutex);
          wasShared |= isHeld;
          isHeld = true;
          ++count;
          isHeld = false;
        }
      });
    }
  }
  EXPECT_EQ(count, kThreads * kRounds);
  EXPECT_FALSE(wasShared);
}

TEST(CMutexTest, WhoWaitsGetsItWhenItIsFree) {
  CMutex mutex;
  bool hasRun = false;
  CThread thread;
  {
    CMutexLock lock(mutex);
    thread = CThread("test", [&] {
      CMutexLock own(mutex);
      hasRun = true;
    });
    EXPECT_FALSE(hasRun);
  }
  thread.Join();
  EXPECT_TRUE(hasRun);
}

TEST(CConditionTest, NothingThatIsNotifiedIsMissed) {
  constexpr int kItems = 50'000;
  CMutex mutex;
  CCondition hasItem, hasRoom;
  std::deque<int> queue;
  CThread producer("test", [&] {
    for (int i = 0; i < kItems; ++i) {
      {
        CMutexLock lock(mutex);
        while (queue.size() >= 4) hasRoom.Wait(mutex);
        queue.push_back(i);
      }
      hasItem.NotifyOne();
    }
  });
  int inOrder = 0;
  while (inOrder < kItems) {
    int got;
    {
      CMutexLock lock(mutex);
      while (queue.empty()) hasItem.Wait(mutex);
      got = queue.front();
      queue.pop_front();
    }
    hasRoom.NotifyOne();
    ASSERT_EQ(got, inOrder);
    ++inOrder;
  }
}

TEST(CConditionTest, NotifyAllWakesEverybody) {
  CMutex mutex;
  CCondition condition, arrived;
  bool isOpen = false;
  int waiting = 0, through = 0;
  std::vector<CThread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back("test", [&] {
      CMutexLock lock(mutex);
      ++waiting;
      arrived.NotifyOne();
      while (!isOpen) condition.Wait(mutex);
      ++through;
    });
  }
  {
    CMutexLock lock(mutex);
    while (waiting < 4) arrived.Wait(mutex);
    isOpen = true;
  }
  condition.NotifyAll();
  threads.clear();
  EXPECT_EQ(through, 4);
}

TEST(CConditionTest, TellsWhetherTheDeadlinePassed) {
  CMutex mutex;
  CCondition condition;
  const auto begin = std::chrono::steady_clock::now();
  const auto deadline = begin + std::chrono::milliseconds(20);
  CMutexLock lock(mutex);
  while (condition.WaitUntil(mutex, deadline)) {
  }
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  // Long over, and before the clock began.
  while (condition.WaitUntil(mutex, begin)) {
  }
  while (condition.WaitUntil(mutex, std::chrono::steady_clock::time_point(std::chrono::seconds(-5)))) {
  }
}

}  // namespace
}  // namespace switchboard
