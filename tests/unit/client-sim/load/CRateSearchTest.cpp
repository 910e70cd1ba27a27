#include "client-sim/load/CRateSearch.h"

#include <gtest/gtest.h>

#include <set>

namespace switchboard::sim {
namespace {

// Searches a server that keeps the objective up to `limit`. Returns how many trials it took.
int Search(CRateSearch& search, double limit) {
  int trials = 0;
  while (const auto rate = search.Next()) {
    search.Tell(*rate <= limit);
    ++trials;
  }
  return trials;
}

TEST(CRateSearchTest, FindsTheLimitWithinItsPrecision) {
  for (const double limit : {30.0, 999.0, 1000.0, 1001.0, 12'345.0, 2'000'000.0}) {
    CRateSearch search(1000);
    EXPECT_LT(Search(search, limit), 40);
    EXPECT_LE(search.Best(), limit);
    EXPECT_GE(search.Best(), limit / (1 + CRateSearch::kPrecision)) << limit;
  }
}

TEST(CRateSearchTest, OneBadMomentIsNoLimit) {
  CRateSearch search(1000);
  int trials = 0;
  while (const auto rate = search.Next()) search.Tell(++trials % 4 != 0 && *rate <= 50'000);
  EXPECT_GE(search.Best(), 50'000 / (1 + CRateSearch::kPrecision));
  EXPECT_LE(search.Best(), 50'000);
}

TEST(CRateSearchTest, GivesUpOnAServerThatNeverKeepsIt) {
  CRateSearch search(1000);
  Search(search, 0);
  EXPECT_EQ(search.Best(), 0);
}

TEST(CRateSearchTest, EndsWithAServerThatAlwaysKeepsIt) {
  CRateSearch search(1000);
  Search(search, 1e300);
  EXPECT_GT(search.Best(), 1e8);
}

}  // namespace
}  // namespace switchboard::sim
