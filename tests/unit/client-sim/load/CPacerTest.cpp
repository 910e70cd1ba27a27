#include "client-sim/load/CPacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace switchboard::sim {
namespace {

std::vector<uint64_t> Times(CPacer::SPlan plan, size_t count) {
  CPacer pacer(plan);
  std::vector<uint64_t> times;
  for (size_t i = 0; i < count; ++i, pacer.Advance()) times.push_back(static_cast<uint64_t>(pacer.Next().count()));
  return times;
}

TEST(CPacerTest, ConstantArrivalsAreEvenToTheNanosecond) {
  const std::vector<uint64_t> times = Times({1000}, 100'000);
  for (size_t i = 0; i < times.size(); ++i) ASSERT_EQ(times[i], (i + 1) * 1'000'000);
}

TEST(CPacerTest, SharesInterleave) {
  std::vector<uint64_t> all;
  for (uint32_t i = 0; i < 4; ++i) {
    const std::vector<uint64_t> times = Times({1000, Nanoseconds::zero(), false, i, 4}, 25);
    all.insert(all.end(), times.begin(), times.end());
  }
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < all.size(); ++i)
    EXPECT_NEAR(static_cast<double>(all[i]), (static_cast<double>(i) + 1) * 1e6, 2);
}

TEST(CPacerTest, PoissonGapsAreExponential) {
  constexpr size_t kCount = 200'000;
  const std::vector<uint64_t> times = Times({1000, Nanoseconds::zero(), true}, kCount);
  double sum = 0;
  double squares = 0;
  size_t overMean = 0;
  for (size_t i = 1; i < kCount; ++i) {
    const double gap = static_cast<double>(times[i] - times[i - 1]) / 1e6;  // in means
    sum += gap;
    squares += gap * gap;
    if (gap > 1) ++overMean;
  }
  const double mean = sum / (kCount - 1);
  // Mean and standard deviation of an exponential distribution are equal; a share of 1/e is over the mean. The standard
  // error of each is about 0.2 %.
  EXPECT_NEAR(mean, 1, 0.01);
  EXPECT_NEAR(std::sqrt(squares / (kCount - 1) - mean * mean), 1, 0.02);
  EXPECT_NEAR(static_cast<double>(overMean) / (kCount - 1), std::exp(-1), 0.01);
}

TEST(CPacerTest, PoissonSharesDiffer) {
  EXPECT_NE(Times({1000, Nanoseconds::zero(), true, 0, 2}, 5), Times({1000, Nanoseconds::zero(), true, 1, 2}, 5));
}

TEST(CPacerTest, ARampGrowsEvenly) {
  // 1000/s reached after 10 s: 5000 requests in the ramp, a quarter of them in its first half.
  const std::vector<uint64_t> times = Times({1000, std::chrono::seconds(10)}, 7000);
  const auto until = [&times](double seconds) {
    return std::upper_bound(times.begin(), times.end(), static_cast<uint64_t>(seconds * 1e9)) - times.begin();
  };
  EXPECT_NEAR(static_cast<double>(until(5)), 1250, 1);
  EXPECT_NEAR(static_cast<double>(until(10)), 5000, 1);
  EXPECT_NEAR(static_cast<double>(until(11)), 6000, 1);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_EQ(CPacer::RateAt({1000, std::chrono::seconds(10)}, std::chrono::seconds(5)), 500);
  EXPECT_EQ(CPacer::RateAt({1000, std::chrono::seconds(10)}, std::chrono::seconds(20)), 1000);
}

}  // namespace
}  // namespace switchboard::sim
