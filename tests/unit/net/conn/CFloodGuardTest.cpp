#include "net/conn/CFloodGuard.h"

#include <gtest/gtest.h>

namespace switchboard {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr uint32_t kRate = 10;  // one packet in 100 ms
constexpr uint32_t kBurst = 5;
const MonotonicTime kStart = MonotonicTime(std::chrono::hours(1000));

TEST(CFloodGuardTest, AdmitsTheBurstAndNotOneMore) {
  CFloodGuard guard;
  for (uint32_t i = 0; i < kBurst; ++i) EXPECT_TRUE(guard.Admit(1, kStart, kStart, kRate, kBurst));
  EXPECT_FALSE(guard.Admit(1, kStart, kStart, kRate, kBurst));
}

TEST(CFloodGuardTest, ABatchCountsAsItsPackets) {
  EXPECT_TRUE(CFloodGuard().Admit(kBurst, kStart, kStart, kRate, kBurst));
  EXPECT_FALSE(CFloodGuard().Admit(kBurst + 1, kStart, kStart, kRate, kBurst));
}

TEST(CFloodGuardTest, OneTokenComesBackExactlyAfterItsTime) {
  CFloodGuard guard;
  EXPECT_TRUE(guard.Admit(kBurst, kStart, kStart, kRate, kBurst));
  EXPECT_FALSE(guard.Admit(1, kStart + milliseconds(100) - nanoseconds(1), kStart + milliseconds(100) - nanoseconds(1),
                           kRate, kBurst));
  EXPECT_TRUE(guard.Admit(1, kStart + milliseconds(100), kStart + milliseconds(100), kRate, kBurst));
  EXPECT_FALSE(guard.Admit(1, kStart + milliseconds(100), kStart + milliseconds(100), kRate, kBurst));
}

TEST(CFloodGuardTest, WhatIsRefusedTakesNoToken) {
  CFloodGuard guard;
  EXPECT_TRUE(guard.Admit(kBurst - 1, kStart, kStart, kRate, kBurst));
  EXPECT_FALSE(guard.Admit(2, kStart, kStart, kRate, kBurst));
  EXPECT_TRUE(guard.Admit(1, kStart, kStart, kRate, kBurst));
}

TEST(CFloodGuardTest, TheBucketNeverHoldsMoreThanTheBurst) {
  CFloodGuard guard;
  EXPECT_TRUE(guard.Admit(kBurst, kStart, kStart, kRate, kBurst));
  const MonotonicTime muchLater = kStart + std::chrono::hours(10);
  EXPECT_FALSE(guard.Admit(kBurst + 1, muchLater, muchLater, kRate, kBurst));
  EXPECT_TRUE(guard.Admit(kBurst, muchLater, muchLater, kRate, kBurst));
}

TEST(CFloodGuardTest, TheRateIsAdmittedForEver) {
  CFloodGuard guard;
  MonotonicTime now = kStart;
  EXPECT_TRUE(guard.Admit(kBurst, now, now, kRate, kBurst));
  for (int i = 0; i < 1000; ++i) {
    now += milliseconds(100);
    ASSERT_TRUE(guard.Admit(1, now, now, kRate, kBurst));
  }
  EXPECT_FALSE(guard.Admit(1, now + milliseconds(99), now + milliseconds(99), kRate, kBurst));
}

TEST(CFloodGuardTest, ABurstOfOneSpacesThePackets) {
  CFloodGuard guard;
  EXPECT_TRUE(guard.Admit(1, kStart, kStart, kRate, 1));
  EXPECT_FALSE(guard.Admit(1, kStart + milliseconds(99), kStart + milliseconds(99), kRate, 1));
  EXPECT_TRUE(guard.Admit(1, kStart + milliseconds(100), kStart + milliseconds(100), kRate, 1));
}

TEST(CFloodGuardTest, TheLargestLimitsDoNotOverflow) {
  constexpr uint32_t kMost = 1'000'000'000;
  CFloodGuard guard;
  EXPECT_TRUE(guard.Admit(16384, kStart, kStart, kMost, kMost));
  EXPECT_TRUE(CFloodGuard().Admit(16384, kStart, kStart, 1, kMost));
  EXPECT_FALSE(CFloodGuard().Admit(2, kStart, kStart, 1, 1));
}

TEST(CFloodGuardTest, WhatMayHaveComeWhileNobodyLookedIsNoBurst) {
  const MonotonicTime end = kStart + milliseconds(2000);  // 20 packets at that rate, and the burst
  EXPECT_FALSE(CFloodGuard().Admit(25, end, end, kRate, kBurst));
  EXPECT_TRUE(CFloodGuard().Admit(25, kStart, end, kRate, kBurst));
  EXPECT_FALSE(CFloodGuard().Admit(26, kStart, end, kRate, kBurst)) << "no more than in that time";
  CFloodGuard guard;
  EXPECT_TRUE(guard.Admit(kBurst, kStart, kStart, kRate, kBurst));
  EXPECT_TRUE(guard.Admit(10, kStart, end, kRate, kBurst)) << "in two reads";
  EXPECT_TRUE(guard.Admit(10, kStart, end, kRate, kBurst));
  EXPECT_FALSE(guard.Admit(6, kStart, end, kRate, kBurst)) << "what came before counts";
}

TEST(CFloodGuardTest, ABacklogBeginsWhenItIsToldSo) {
  const MonotonicTime end = kStart + milliseconds(2000);
  CFloodGuard guard;
  guard.BeginBacklog(kStart);
  EXPECT_TRUE(guard.Admit(15, MonotonicTime::min(), end, kRate, kBurst));
  EXPECT_TRUE(guard.Admit(10, MonotonicTime::min(), end, kRate, kBurst));
  EXPECT_FALSE(guard.Admit(1, MonotonicTime::min(), end, kRate, kBurst));
}

TEST(CFloodGuardTest, WhoWasStoppedBetweenTheClockAndTheReadingJudgesByTheClockAfterwards) {
  struct SClock {
    MonotonicTime Now() const { return kStart + milliseconds(2000); }
  };
  CFloodGuard guard;
  EXPECT_TRUE(guard.AdmitRead(25, kStart, kStart, SClock(), kRate, kBurst));
  EXPECT_FALSE(guard.AdmitRead(1, kStart, kStart, SClock(), kRate, kBurst)) << "a flood is one all the same";
}

TEST(CFloodGuardTest, ResetFillsTheBucket) {
  CFloodGuard guard;
  EXPECT_TRUE(guard.Admit(kBurst, kStart, kStart, kRate, kBurst));
  guard.Reset();
  EXPECT_TRUE(guard.Admit(kBurst, kStart, kStart, kRate, kBurst));
}

}  // namespace
}  // namespace switchboard
