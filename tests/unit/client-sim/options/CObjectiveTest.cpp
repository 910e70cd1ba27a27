#include "client-sim/options/CObjective.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace switchboard::sim {
namespace {

TEST(CObjectiveTest, Lists) {
  const std::vector<CObjective> list = CObjective::List("p99=5ms,p99.9=20ms,p100=1s");
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[1].Percent(), 99.9);
  EXPECT_EQ(list[1].Limit(), std::chrono::milliseconds(20));
  EXPECT_EQ(list[0].Text(), "p99 ≤ 5 ms");
  for (const char* bad : {"", "99=5ms", "p99", "p0=1s", "p101=1s", "px=1s", "p99=fast", "p99=5ms,", "p=5ms", "p99=0"}) {
    EXPECT_THROW(CObjective::List(bad), std::invalid_argument) << bad;
  }
}

TEST(CObjectiveTest, IsMetByThePercentile) {
  CHistogram latencies;
  latencies.Record(1'000'000, 98);
  latencies.Record(9'000'000, 1);
  EXPECT_FALSE(CObjective(99, std::chrono::milliseconds(5)).IsMet(latencies, 0));
  latencies.Record(1'000'000, 1);
  EXPECT_TRUE(CObjective(99, std::chrono::milliseconds(5)).IsMet(latencies, 0));
  EXPECT_FALSE(CObjective(99, std::chrono::microseconds(500)).IsMet(latencies, 0));
}

TEST(CObjectiveTest, AMissTellsWhatWasMeasuredAndByHowMuch) {
  CHistogram latencies;
  latencies.Record(1'000'000, 90);
  latencies.Record(7'500'000, 10);
  EXPECT_EQ(CObjective(99, std::chrono::milliseconds(5)).Miss(latencies, 0), "p99 is 7.49 ms, 50 % over 5.00 ms");
  EXPECT_EQ(CObjective(99, std::chrono::microseconds(1)).Miss(latencies, 0), "p99 is 7.49 ms, 7,487 times 1.00 µs");
  EXPECT_EQ(CObjective(99, std::chrono::milliseconds(3)).Miss(latencies, 0), "p99 is 7.49 ms, 149 % over 3.00 ms");
  EXPECT_EQ(CObjective(99, std::chrono::milliseconds(5)).Miss(latencies, 25),
            "p99 is beyond any time: 25 of 125 requests were never rightly answered");
  EXPECT_EQ(CObjective(99, std::chrono::milliseconds(5)).Miss(CHistogram(), 0), "p99 is unknown: nothing was answered");
}

TEST(CObjectiveTest, WhatWasNeverAnsweredWasTooSlow) {
  CHistogram latencies;
  latencies.Record(1000, 99);
  EXPECT_TRUE(CObjective(99, std::chrono::milliseconds(5)).IsMet(latencies, 1));
  EXPECT_FALSE(CObjective(99, std::chrono::milliseconds(5)).IsMet(latencies, 2));
  EXPECT_FALSE(CObjective(99, std::chrono::milliseconds(5)).IsMet(CHistogram(), 0)) << "nothing answered";
}

}  // namespace
}  // namespace switchboard::sim
