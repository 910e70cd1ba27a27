#include "client-sim/report/CCompare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/client-sim/report/ReportSample.h"

namespace switchboard::sim {
namespace {

SComparedRow Find(const std::vector<SComparedRow>& rows, const std::string& name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const SComparedRow& row) { return row.name == name; });
  return found == rows.end() ? SComparedRow{} : *found;
}

// The row of the throughput, of two runs that had so many replies in the same time.
SComparedRow Throughputs(uint64_t before, uint64_t after) {
  SRunReport left;
  SRunReport right;
  left.seconds = right.seconds = 10;
  left.repliesInTime = before;
  right.repliesInTime = after;
  return Find(CCompare::Rows(left, right), "throughput");
}

TEST(CCompareTest, ChangesArePercentOfTheFirstRun) {
  const SComparedRow row = Throughputs(1'000'000, 1'100'000);
  EXPECT_EQ(row.before, "100,000/s");
  EXPECT_EQ(row.after, "110,000/s");
  EXPECT_EQ(row.change, "+10.0 %");
  EXPECT_EQ(row.judgement, EJudgement::kBetter);
  EXPECT_EQ(Throughputs(1000, 500).change, "-50.0 %");
  EXPECT_EQ(Throughputs(1000, 500).judgement, EJudgement::kWorse);
}

TEST(CCompareTest, NoiseIsNotJudged) {
  EXPECT_EQ(Throughputs(10000, 10299).judgement, EJudgement::kNone);
  EXPECT_EQ(Throughputs(10000, 10299).change, "+3.0 %");
  EXPECT_EQ(Throughputs(10000, 9690).judgement, EJudgement::kWorse);
  EXPECT_EQ(Throughputs(10000, 10000).change, "same");
}

TEST(CCompareTest, NothingIsDividedByZero) {
  const SComparedRow row = Throughputs(0, 500);
  EXPECT_EQ(row.change, "");
  EXPECT_EQ(row.judgement, EJudgement::kBetter);
  EXPECT_EQ(Throughputs(0, 0).change, "same");
}

TEST(CCompareTest, MoreLatencyAndMoreFaultsAreWorse) {
  const SRunReport before = SRunReport::Of(SampleResult());
  SRunResult worse = SampleResult(3);
  worse.ledger.CountFault(ECount::kLost, [] { return std::string("one more"); });
  const std::vector<SComparedRow> rows = CCompare::Rows(before, SRunReport::Of(worse));
  EXPECT_EQ(Find(rows, "p99").judgement, EJudgement::kWorse);
  EXPECT_THAT(Find(rows, "p99").change, testing::AnyOf(testing::StartsWith("+199."), testing::StartsWith("+20")));
  EXPECT_EQ(Find(rows, "lost").change, "+100.0 %");
  EXPECT_EQ(Find(rows, "lost").judgement, EJudgement::kWorse);
  EXPECT_EQ(Find(rows, "duplicated").name, "") << "what never occurred is not shown";
}

TEST(CCompareTest, WhatOneRunHasNotMeasuredIsNotJudged) {
  SRunResult rejected = SampleResult();
  rejected.latencies = CHistogram();
  const auto rows = CCompare::Rows(SRunReport::Of(SampleResult()), SRunReport::Of(rejected));
  const SComparedRow p99 = Find(rows, "p99");
  EXPECT_EQ(p99.after, "–");
  EXPECT_EQ(p99.change, "");
  EXPECT_FALSE(p99.percent.has_value());
  EXPECT_EQ(p99.judgement, EJudgement::kNone) << "no latency is no good latency";
}

TEST(CCompareTest, ParametersThatDifferAreNamed) {
  SRunResult other = SampleResult();
  other.options.depth = 16;
  other.options.seed = 99;
  other.options.isReconnecting = true;
  const auto rows = CCompare::Differences(SRunReport::Of(SampleResult()), SRunReport::Of(other));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "depth");
  EXPECT_EQ(rows[0].before, "1");
  EXPECT_EQ(rows[0].after, "16");
  EXPECT_EQ(rows[1].name, "reconnect");
}

TEST(CCompareTest, ColumnsAreInLineWhateverTheLetters) {
  const std::string text = CCompare::Text(SRunReport::Of(SampleResult()), SRunReport::Of(SampleResult()));
  EXPECT_THAT(text, testing::HasSubstr("p50                                5.00 ms               5.00 ms        same"));
  EXPECT_THAT(text, testing::HasSubstr("client cpu/request              250.000 µs            250.000 µs        same"));
  EXPECT_THAT(text, testing::HasSubstr("Both runs had the same parameters."));
}

}  // namespace
}  // namespace switchboard::sim
