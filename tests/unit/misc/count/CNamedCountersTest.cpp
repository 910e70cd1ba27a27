#include "misc/count/CNamedCounters.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "misc/count/CScoreboard.h"

namespace switchboard {
namespace {

TEST(CNamedCountersTest, ANameKeepsItsPlace) {
  CNamedCounters counters;
  EXPECT_EQ(counters.Find("samples"), nullptr);
  auto* const p_value = counters.Add("samples");
  ASSERT_NE(p_value, nullptr);
  EXPECT_EQ(counters.Find("samples"), p_value);
  EXPECT_EQ(counters.Find("sample"), nullptr);
  EXPECT_EQ(counters.Find(""), nullptr);
  CCounter(*p_value).Add(3);
  CCounter(*p_value).Add();
  EXPECT_EQ(counters.Name(0), "samples");
  EXPECT_EQ(counters.Value(0), 4U);
  EXPECT_EQ(counters.Name(1), "");
}

TEST(CNamedCountersTest, ThereAreSixtyFourPlaces) {
  CNamedCounters counters;
  for (size_t i = 0; i < CNamedCounters::kMost; ++i) EXPECT_NE(counters.Add("c" + std::to_string(i)), nullptr);
  EXPECT_EQ(counters.Add("more"), nullptr);
  EXPECT_NE(counters.Find("c63"), nullptr);
}

TEST(CNamedCountersTest, NamesAreChecked) {
  EXPECT_TRUE(CNamedCounters::IsName("a_1"));
  EXPECT_TRUE(CNamedCounters::IsName(std::string(CNamedCounters::kMaxNameBytes, 'a')));
  for (const std::string& name :
       {std::string(), std::string("1a"), std::string("A"), std::string("a b"), std::string("a="), std::string("a\n"),
        std::string(CNamedCounters::kMaxNameBytes + 1, 'a')}) {
    EXPECT_FALSE(CNamedCounters::IsName(name)) << name;
  }
}

TEST(CNamedCountersTest, ThreadsCountTogetherExactly) {
  CNamedCounters counters;
  const CCounter counter(*counters.Add("samples"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([counter] {
      for (int n = 0; n < 10000; ++n) counter.Add(2);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.Value(0), 80000U);
}

TEST(CNamedCountersTest, TheScoreboardAddsThemUpByNameOverPagesOfOtherSets) {
  CScoreboard scoreboard("", 3);
  CCounter(*scoreboard.Page(0).named.Add("samples")).Add(1);
  CCounter(*scoreboard.Page(1).named.Add("others")).Add(10);
  CCounter(*scoreboard.Page(1).named.Add("samples")).Add(2);
  scoreboard.Page(2).named.Add("idle");
  const std::map<std::string, uint64_t> expected{{"samples", 3}, {"others", 10}, {"idle", 0}};
  EXPECT_EQ(scoreboard.NamedSums(), expected);
}

}  // namespace
}  // namespace switchboard
