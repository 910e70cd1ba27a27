#include "client-sim/base/Text.h"

#include <gtest/gtest.h>

#include <system_error>
#include <vector>

namespace switchboard::sim {
namespace {

TEST(TextTest, Numbers) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1000), "1,000");
  EXPECT_EQ(WithCommas(UINT64_MAX), "18,446,744,073,709,551,615");
  EXPECT_EQ(Counted(1, "reply"), "1 reply");
  EXPECT_EQ(Counted(2000, "reply"), "2,000 replies");
  EXPECT_EQ(Counted(0, "frame"), "0 frames");
}

TEST(TextTest, Times) {
  EXPECT_EQ(ClockText(0), "0 s");
  EXPECT_EQ(ClockText(99.4), "99 s");
  EXPECT_EQ(ClockText(100), "1:40");
  EXPECT_EQ(ClockText(3723), "1:02:03");
  EXPECT_EQ(ClockText(-1), "0 s");
}

TEST(TextTest, LatenciesHaveThreeDigits) {
  EXPECT_EQ(LatencyText(0), "0 ns");
  EXPECT_EQ(LatencyText(999.4), "999 ns");
  EXPECT_EQ(LatencyText(999.6), "1.00 µs");
  EXPECT_EQ(LatencyText(85'340), "85.3 µs");
  EXPECT_EQ(LatencyText(999'600), "1.00 ms");
  EXPECT_EQ(LatencyText(9'996'000), "10.0 ms");
  EXPECT_EQ(LatencyText(123'400'000), "123 ms");
  EXPECT_EQ(LatencyText(60e9), "60.0 s");
}

TEST(TextTest, Rates) {
  EXPECT_EQ(RateText(0), "0");
  EXPECT_EQ(RateText(950), "950");
  EXPECT_EQ(RateText(999.9), "1k");
  EXPECT_EQ(RateText(182'334), "182k");
  EXPECT_EQ(RateText(1'250'000), "1.25M");
}

TEST(TextTest, ASparklineShowsTheLastValues) {
  EXPECT_EQ(Sparkline({}, 10), "");
  const std::vector<double> values{100, 0, 3.5, 7};
  EXPECT_EQ(Sparkline(values, 3), "▁▅█");
  const std::vector<double> nothing{0, 0};
  EXPECT_EQ(Sparkline(nothing, 5), "▁▁");
}

}  // namespace
}  // namespace switchboard::sim
