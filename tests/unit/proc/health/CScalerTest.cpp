#include "proc/health/CScaler.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "misc/thread/CThread.h"
#include "proc/health/CIoLoad.h"
#include "testing/CFakeClock.h"

namespace switchboard {
namespace {

using EAdvice = CScaler::EAdvice;
using Loads = std::vector<double>;

class CScalerTest : public testing::Test {
 protected:
  CScalerTest() { m_scaler.Configure(SDynamicWorkers{1, 3, 0.5}); }

  // The advice after `looks` looks at the same loads; all but the last must have been to stay.
  EAdvice After(uint32_t looks, const Loads& loads) {
    for (uint32_t i = 1; i < looks; ++i) EXPECT_EQ(m_scaler.Look(loads), EAdvice::kStay) << i;
    return m_scaler.Look(loads);
  }

  CFakeClock m_clock;
  CScaler m_scaler{m_clock};
};

TEST_F(CScalerTest, GrowsAfterBusyLooksInARow) {
  EXPECT_EQ(After(CScaler::kGrowAfter, {0.6}), EAdvice::kGrow);
  EXPECT_EQ(After(CScaler::kGrowAfter, {0.9, 0.3}), EAdvice::kGrow) << "the average counts";
  EXPECT_EQ(After(CScaler::kGrowAfter - 1, {0.6}), EAdvice::kStay);
  EXPECT_EQ(After(1, {0.4}), EAdvice::kStay);
  EXPECT_EQ(After(CScaler::kGrowAfter - 1, {0.6}), EAdvice::kStay) << "it began to count anew";
  EXPECT_EQ(m_scaler.Look({}), EAdvice::kStay) << "a look without a measurement says nothing";
  EXPECT_EQ(m_scaler.Look({0.6}), EAdvice::kGrow);
}

TEST_F(CScalerTest, ShrinksWhenTheOthersWouldHaveRoom) {
  EXPECT_EQ(After(CScaler::kShrinkAfter, {0.1, 0.2}), EAdvice::kShrink);
  // One worker alone would have 0.4: under the limit, but not by enough.
  EXPECT_EQ(After(5 * CScaler::kShrinkAfter, {0.2, 0.2}), EAdvice::kStay);
}

TEST_F(CScalerTest, StaysWithinItsLimits) {
  EXPECT_EQ(After(5 * CScaler::kGrowAfter, {1, 1, 1}), EAdvice::kStay);
  EXPECT_EQ(After(5 * CScaler::kShrinkAfter, {0}), EAdvice::kStay);
  m_scaler.Configure(std::nullopt);
  EXPECT_EQ(After(5 * CScaler::kGrowAfter, {1}), EAdvice::kStay);
  EXPECT_FALSE(m_scaler.NextLook().has_value());
}

TEST_F(CScalerTest, LooksOnceInAnInterval) {
  EXPECT_FALSE(m_scaler.IsDue());
  m_clock.Advance(CScaler::kInterval);
  EXPECT_TRUE(m_scaler.IsDue());
  m_scaler.Look({0.4});
  EXPECT_FALSE(m_scaler.IsDue());
}

TEST(CIoLoadTest, MeasuresTheThreadOfThatNameAlone) {
  CIoLoad load;
  const MonotonicTime start{};
  EXPECT_EQ(load.Measure(getpid(), start), std::nullopt) << "there is no such thread";
  std::vector<double> loads;
  CThread io("sb-io", [&] {
    EXPECT_EQ(load.Measure(getpid(), start), std::nullopt) << "the first time there is nothing to compare with";
    const auto cpuNow = [] {
      timespec now{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
      return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
    };
    const double before = cpuNow();
    while (cpuNow() < before + 0.2) {
    }
    loads.push_back(load.Measure(getpid(), start + std::chrono::seconds(1)).value_or(-1));
    loads.push_back(load.Measure(getpid(), start + std::chrono::seconds(2)).value_or(-1));
  });
  io.Join();
  EXPECT_NEAR(loads.at(0), 0.2, 0.05);
  EXPECT_NEAR(loads.at(1), 0, 0.05);
}

}  // namespace
}  // namespace switchboard
