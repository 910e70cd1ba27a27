#include "client-sim/base/Numbers.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace switchboard::sim {
namespace {

TEST(NumbersTest, Durations) {
  EXPECT_EQ(Duration("10"), std::chrono::seconds(10));
  EXPECT_EQ(Duration("500ms"), std::chrono::milliseconds(500));
  EXPECT_EQ(Duration("1.5m"), std::chrono::seconds(90));
  EXPECT_EQ(Duration("2h"), std::chrono::hours(2));
  for (const char* bad : {"", "s", "-1s", "1x", "1 s", "nan", "1e30s"}) {
    EXPECT_THROW(Duration(bad), std::invalid_argument) << bad;
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
