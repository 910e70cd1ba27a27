#include "client-sim/base/Numbers.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace switchboard::sim {
namespace {

TEST(NumbersTest, Durations) {
  EXPECT_EQ(DurationNs("10"), 10'000'000'000u);
  EXPECT_EQ(DurationNs("500ms"), 500'000'000u);
  EXPECT_EQ(DurationNs("1.5m"), 90'000'000'000u);
  EXPECT_EQ(DurationNs("2h"), 7'200'000'000'000u);
  for (const char* bad : {"", "s", "-1s", "1x", "1 s", "nan", "1e30s"}) {
    EXPECT_THROW(DurationNs(bad), std::invalid_argument) << bad;
  }
}

TEST(NumbersTest, Rates) {
  EXPECT_EQ(Rate("500"), 500);
  EXPECT_EQ(Rate("20k"), 20'000);
  EXPECT_EQ(Rate("1.5M"), 1'500'000);
  for (const char* bad : {"", "0", "-1", "k", "1K", "nan", "inf", "2000M"}) {
    EXPECT_THROW(Rate(bad), std::invalid_argument) << bad;
  }
}

TEST(NumbersTest, Lists) {
  EXPECT_EQ(SplitAtCommas("a,b,"), (std::vector<std::string>{"a", "b", ""}));
  EXPECT_EQ(SplitAtCommas(""), std::vector<std::string>{""});
}

}  // namespace
}  // namespace switchboard::sim
