#include "client-sim/report/CReport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client-sim/report/ReportSample.h"

namespace switchboard::sim {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(CReportTest, TheTableTellsHowEachRequestEnded) {
  const std::string table = CReport::Table(SampleResult());
  EXPECT_THAT(table, ContainsRegex("requests +1,003\n"));
  EXPECT_THAT(table, ContainsRegex("replies +1,000\n"));
  EXPECT_THAT(table, ContainsRegex("rejects +2\n"));
  EXPECT_THAT(table, ContainsRegex("lost +1\n"));
  EXPECT_THAT(table, ContainsRegex("throughput +400   replies/s in 2.50 s\n"));
  EXPECT_THAT(table, ContainsRegex("client cpu +250.000 µs/request\n"));
  EXPECT_THAT(table, HasSubstr("the first offenders:\n  connection 3, request 7"));
}

TEST(CReportTest, TheHeadingClaimsNoDepthForClassesThatMayHaveTheirOwn) {
  SRunOptions options;
  options.server = "127.0.0.1:9000";
  options.depth = 4;
  EXPECT_THAT(CReport::Heading(options), HasSubstr(" × depth 4 against 127.0.0.1:9000, closed loop"));
  options.scenario = "mix.toml";
  EXPECT_THAT(CReport::Heading(options), HasSubstr(" connections against 127.0.0.1:9000, closed loop, mix.toml"));
}

TEST(CReportTest, WhereNothingWasMeasuredStandsNoNumber) {
  SRunResult result = SampleResult();
  result.latencies = CHistogram();
  const std::string table = CReport::Table(result);
  EXPECT_THAT(table, ContainsRegex("p50 +–\n"));
  EXPECT_THAT(table, ContainsRegex("max +–\n"));
  EXPECT_THAT(CReport::PhaseLine(result.phases[0]), ContainsRegex("p50 +– +p99 +– +max +–"));
  EXPECT_THAT(CReport::LiveLine(SSecond{}, result.ledger), ContainsRegex("p50 +– +p99 +– +max +–"));
}

TEST(CReportTest, EveryReasonOfARejectIsShown) {
  EXPECT_THAT(CReport::Table(SampleResult()), ContainsRegex("overload +1\n +reason 301 +1\n"));
}

TEST(CReportTest, AnAttackIsPutBesideThePeaceBefore) {
  SRunResult result = SampleResult();
  EXPECT_THAT(CReport::Table(result), Not(HasSubstr("of the honest clients"))) << "nobody was there before";
  result.phases[0].latencies.Record(2'000'000, 100);
  const std::string table = CReport::Table(result);
  EXPECT_THAT(table, ContainsRegex("p99 of the honest clients: 2.... ms before, 9.... ms under attack .× 4.9"));
  EXPECT_THAT(table, ContainsRegex("slow-reader +10 +12 +0 +12 +0 +0 +0\n +4 Rejects for bad_crc\n"));
}

}  // namespace
}  // namespace switchboard::sim
