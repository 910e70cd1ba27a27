#include "client-sim/base/CHistogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace switchboard::sim {
namespace {

uint64_t ExactPercentile(std::vector<uint64_t> values, double percent) {
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(values.size()) - 1e-9);
  return values[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

TEST(CHistogramTest, EmptyIsZero) {
  const CHistogram histogram;
  EXPECT_EQ(histogram.Count(), 0u);
  EXPECT_EQ(histogram.Min(), 0u);
  EXPECT_EQ(histogram.Max(), 0u);
  EXPECT_EQ(histogram.ValueAt(50), 0u);
  EXPECT_EQ(histogram.Mean(), 0.0);
}

TEST(CHistogramTest, EveryValueFromOneMicrosecondToSixtySecondsIsWithinOnePercent) {
  for (double exact = 1000; exact <= 60e9; exact *= 1.0017) {
    const auto ns = static_cast<uint64_t>(exact);
    CHistogram histogram;
    histogram.Record(ns);
    histogram.Record(CHistogram::kHighestNs);  // so that the first isn't the maximum, which is kept exactly
    const auto read = static_cast<double>(histogram.ValueAt(50));
    ASSERT_NEAR(read, static_cast<double>(ns), static_cast<double>(ns) * 0.01) << ns;
  }
}

TEST(CHistogramTest, PercentilesAgreeWithTheExactOnes) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> shape(13.0, 2.0);  // median 0.44 ms, a long tail
  CHistogram histogram;
  std::vector<uint64_t> values;
  for (int i = 0; i < 200'000; ++i) {
    values.push_back(std::clamp<uint64_t>(static_cast<uint64_t>(shape(random)), 1000, CHistogram::kHighestNs));
    histogram.Record(values.back());
  }
  for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto exact = static_cast<double>(ExactPercentile(values, percent));
    EXPECT_NEAR(static_cast<double>(histogram.ValueAt(percent)), exact, exact * 0.01) << percent;
  }
  EXPECT_EQ(histogram.Min(), *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(histogram.Max(), *std::max_element(values.begin(), values.end()));
}

TEST(CHistogramTest, RankDoesNotSlideByRounding) {
  CHistogram histogram;
  histogram.Record(1'000'000, 999);
  histogram.Record(1'000'000'000);
  EXPECT_NEAR(static_cast<double>(histogram.ValueAt(99.9)), 1e6, 1e4);
  EXPECT_EQ(histogram.ValueAt(100), 1'000'000'000u);
}

TEST(CHistogramTest, LongerThanTheRangeKeepsItsMaximum) {
  CHistogram histogram;
  histogram.Record(3'600'000'000'000);
  EXPECT_EQ(histogram.Count(), 1u);
  EXPECT_EQ(histogram.Max(), 3'600'000'000'000u);
  EXPECT_EQ(histogram.ValueAt(50), 3'600'000'000'000u);
}

TEST(CHistogramTest, MergedEqualsRecordedTogether) {
  std::mt19937_64 random(11);
  CHistogram first;
  CHistogram second;
  CHistogram together;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t ns = random() % 1'000'000'000;
    (i % 3 == 0 ? first : second).Record(ns);
    together.Record(ns);
  }
  first.Add(second);
  EXPECT_EQ(first.Count(), together.Count());
  EXPECT_EQ(first.Min(), together.Min());
  EXPECT_EQ(first.Max(), together.Max());
  EXPECT_EQ(first.Mean(), together.Mean());
  for (double percent = 0; percent <= 100; percent += 0.5) EXPECT_EQ(first.ValueAt(percent), together.ValueAt(percent));
}

TEST(CHistogramTest, SinceHoldsTheNewRecordsAlone) {
  CHistogram histogram;
  histogram.Record(5'000'000, 100);
  const CHistogram earlier = histogram;
  histogram.Record(80'000, 10);
  const CHistogram interval = histogram.Since(earlier);
  EXPECT_EQ(interval.Count(), 10u);
  EXPECT_NEAR(static_cast<double>(interval.ValueAt(50)), 80'000, 800);
  EXPECT_NEAR(static_cast<double>(interval.Max()), 80'000, 800);
  EXPECT_NEAR(interval.Mean(), 80'000, 1);
}

TEST(CHistogramTest, ForEachVisitsEveryRecordInOrder) {
  CHistogram histogram;
  histogram.Record(500, 3);
  histogram.Record(70'000'000, 2);
  uint64_t visited = 0;
  uint64_t lastUpper = 0;
  histogram.ForEach([&](uint64_t upperNs, uint64_t count) {
    EXPECT_GT(upperNs, lastUpper);
    lastUpper = upperNs;
    visited += count;
  });
  EXPECT_EQ(visited, 5u);
}

}  // namespace
}  // namespace switchboard::sim
