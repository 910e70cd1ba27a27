#include "client-sim/report/CFailCondition.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/unit/client-sim/report/ReportSample.h"

namespace switchboard::sim {
namespace {

// What the conditions say of a run that was `slowness` times as slow as the one before.
std::string FailuresOf(const std::string& conditions, uint64_t slowness) {
  const auto rows = CCompare::Rows(SRunReport::Of(SampleResult()), SRunReport::Of(SampleResult(slowness)));
  std::string failures;
  for (const CFailCondition& condition : CFailCondition::List(conditions)) failures += condition.Failure(rows);
  return failures;
}

TEST(CFailConditionTest, AGrowthOverTheLimitFails) {
  EXPECT_EQ(FailuresOf("p99>+10%", 1), "");
  EXPECT_EQ(FailuresOf("p99>+250%", 3), "");
  const std::string failure = FailuresOf("p99>+10%", 3);
  EXPECT_NE(failure.find("p99: "), std::string::npos) << failure;
  EXPECT_NE(failure.find("and the limit is +10 %"), std::string::npos) << failure;
  EXPECT_NE(FailuresOf("p99>10%,mean>0%", 3).find("mean: "), std::string::npos);
}

TEST(CFailConditionTest, AFallUnderTheLimitFails) {
  SRunResult slower = SampleResult();
  slower.repliesInTime = 900;
  const auto rows = CCompare::Rows(SRunReport::Of(SampleResult()), SRunReport::Of(slower));
  EXPECT_EQ(CFailCondition::List("throughput<-15%")[0].Failure(rows), "");
  EXPECT_NE(CFailCondition::List("throughput<-5%")[0].Failure(rows), "");
}

TEST(CFailConditionTest, WhatAppearsFromNothingHasGrownOverAnyLimit) {
  SRunResult worse = SampleResult();
  worse.ledger.CountFault(ECount::kDuplicated, [] { return std::string("one"); });
  const auto rows = CCompare::Rows(SRunReport::Of(SampleResult()), SRunReport::Of(worse));
  EXPECT_NE(CFailCondition::List("duplicated>+1000%")[0].Failure(rows), "");
  EXPECT_EQ(CFailCondition::List("reordered>+0%")[0].Failure(rows), "") << "neither run has any";
}

TEST(CFailConditionTest, WhatWasNotMeasuredFails) {
  SRunResult rejected = SampleResult();
  rejected.latencies = CHistogram();
  const auto rows = CCompare::Rows(SRunReport::Of(SampleResult()), SRunReport::Of(rejected));
  EXPECT_EQ(CFailCondition::List("p99>+10%")[0].Failure(rows), "p99 was not measured by both runs");
}

TEST(CFailConditionTest, ATypingErrorIsRefused) {
  for (const char* p_bad : {"", "p99", "p98>+10%", "p99>", "p99>ten%", "p99>10", "p99>-10%", "throughput<5%",
                            "p99>+10%,", "p99>+nan%", "p99>+inf%", "throughput<-inf%"}) {
    EXPECT_THROW(CFailCondition::List(p_bad), std::invalid_argument) << p_bad;
  }
}

}  // namespace
}  // namespace switchboard::sim
