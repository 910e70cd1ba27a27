#include "misc/thread/CPreemption.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include "misc/thread/CThread.h"
#include "tests/support/Eventually.h"

namespace switchboard {
namespace {

// Of the calling thread.
int Policy() { return sched_getscheduler(0); }

TEST(CPreemptionTest, WhoServesPreemptsAsLongAsSomethingOfLessWeightRuns) {
  CThread server("server", [] {
    CPreemption preemption;
    CPreemption::KeepTurnsWhole();
    CPreemption::CFollower follower(preemption);
    follower.Follow();
    EXPECT_EQ(Policy(), SCHED_BATCH);
    preemption.Begin();
    preemption.Begin();
    follower.Follow();
    EXPECT_EQ(Policy(), SCHED_OTHER);
    preemption.End();
    // The other one runs for as long as it likes.
    EXPECT_FALSE(Eventually([&] { return preemption.Look(), !preemption.IsWanted(); }, std::chrono::milliseconds{300}));
    preemption.End();
    EXPECT_TRUE(Eventually([&] { return preemption.Look(), !preemption.IsWanted(); }));
    follower.Follow();
    EXPECT_EQ(Policy(), SCHED_BATCH);
  });
}

TEST(CPreemptionTest, LessWeightIsOfOneThread) {
  const int before = getpriority(PRIO_PROCESS, 0);
  CThread background("background", [] {
    CPreemption::TakeLessWeight();
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 19);
  });
  background.Join();
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
}

}  // namespace
}  // namespace switchboard
