#include "net/network/CStallWatch.h"

#include <gtest/gtest.h>

namespace switchboard {
namespace {

using std::chrono::milliseconds;

class CStallWatchTest : public testing::Test {
 protected:
  // The loop is busy, then waits; what it reads then can be so old.
  milliseconds Round(milliseconds busy, milliseconds waits, bool wasStopped = false,
                     std::optional<milliseconds> deadlineIn = std::nullopt) {
    m_now += busy;
    m_watch.BeginWait(m_now);
    std::optional<MonotonicTime> deadline;
    if (deadlineIn) deadline = m_now + *deadlineIn;
    m_now += waits;
    const auto lag = m_watch.EndWait(m_now, deadline, [wasStopped] { return wasStopped; });
    return std::chrono::duration_cast<milliseconds>(lag);
  }

  MonotonicTime m_now = MonotonicTime(std::chrono::hours(1000));
  CStallWatch m_watch;
};

TEST_F(CStallWatchTest, ALoopThatWaitsIsNotStalled) {
  EXPECT_EQ(Round(milliseconds(0), milliseconds(10000)), milliseconds(0));
  EXPECT_EQ(Round(milliseconds(1), milliseconds(10000)), milliseconds(1));
  EXPECT_EQ(Round(milliseconds(0), milliseconds(10000), false, milliseconds(10000)), milliseconds(0));
}

TEST_F(CStallWatchTest, WhatCameWhileItWasBusyIsAsOld) {
  Round(milliseconds(0), milliseconds(1));
  EXPECT_EQ(Round(milliseconds(3000), milliseconds(0)), milliseconds(3000));
}

TEST_F(CStallWatchTest, WhatCameWhileTheProcessWasStoppedIsAsOldAsTheWait) {
  EXPECT_EQ(Round(milliseconds(0), milliseconds(3000), true), milliseconds(3000));
}

TEST_F(CStallWatchTest, ALateDeadlineTellsOfAStall) {
  EXPECT_EQ(Round(milliseconds(0), milliseconds(3000), false, milliseconds(1000)), milliseconds(2000));
}

TEST_F(CStallWatchTest, ABacklogOfSeveralReadsStaysThatOldForAWhile) {
  EXPECT_EQ(Round(milliseconds(0), milliseconds(3000), true), milliseconds(3000));
  EXPECT_EQ(Round(milliseconds(4), milliseconds(6)), milliseconds(3010));
  EXPECT_EQ(Round(milliseconds(4), milliseconds(2000)), milliseconds(5014));
  EXPECT_EQ(Round(milliseconds(4), milliseconds(2000)), milliseconds(4)) << "by now it was read";
}

}  // namespace
}  // namespace switchboard
