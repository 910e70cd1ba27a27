#include "client-sim/report/CJsonReport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "client-sim/base/LocalFile.h"
#include "tests/unit/client-sim/report/ReportSample.h"

namespace switchboard::sim {
namespace {

using testing::HasSubstr;

TEST(CJsonReportTest, WhatIsWrittenIsReadBack) {
  const SRunReport written = SRunReport::Of(SampleResult());
  const SRunReport read = CJsonReport::Read(CJsonReport::Text(written));
  EXPECT_EQ(read.program, written.program);
  EXPECT_EQ(read.finished, written.finished);
  EXPECT_EQ(read.parameters, written.parameters);
  EXPECT_EQ(read.exitCode, kExitFaults);
  EXPECT_EQ(read.verdict, written.verdict);
  EXPECT_EQ(read.ledger, written.ledger);
  EXPECT_EQ(read.rejects, written.rejects);
  EXPECT_EQ(read.offenders, written.offenders);
  EXPECT_DOUBLE_EQ(read.Throughput(), 400);
  EXPECT_DOUBLE_EQ(read.maxRate, 400);
  EXPECT_EQ(read.latencies.buckets, written.latencies.buckets);
  EXPECT_EQ(read.latencies.At(99.9), written.latencies.At(99.9));
  EXPECT_EQ(read.reconnects.count, 1u);
  ASSERT_EQ(read.series.size(), 5u);
  EXPECT_EQ(read.series[4].p99Ns, 9'900'000u);
  ASSERT_EQ(read.phases.size(), 2u);
  EXPECT_FALSE(read.phases[0].isObjectiveMet.has_value());
  EXPECT_EQ(read.phases[1].isObjectiveMet, false);
  EXPECT_EQ(read.phases[1].latencies.maxNs, 10'000'000u);
  ASSERT_EQ(read.attacks.size(), 1u);
  EXPECT_EQ(read.attacks[0].rejectsByReason.at(1), 4u);
  // All of it, those fields included that nobody thought of here.
  EXPECT_EQ(CJsonReport::Text(read), CJsonReport::Text(written));
}

TEST(CJsonReportTest, WhereNothingWasMeasuredStandsNoLatency) {
  SRunResult result = SampleResult();
  result.latencies = CHistogram();
  result.phases.clear();
  for (SSecond& second : result.series) second.replies = 0;
  const std::string text = CJsonReport::Text(SRunReport::Of(result));
  EXPECT_THAT(text, HasSubstr("\"percentiles\": []"));
  EXPECT_THAT(text, testing::Not(HasSubstr("p50_ns")));
}

TEST(CJsonReportTest, NamesItsFormatAndVersion) {
  const std::string text = CJsonReport::Text(SRunReport::Of(SampleResult()));
  EXPECT_THAT(text, HasSubstr("\"format\": \"switchboard client-sim run\""));
  EXPECT_THAT(text, HasSubstr("\"version\": 1"));
}

TEST(CJsonReportTest, BytesThatAreNoUtf8DoNoHarm) {
  SRunReport report = SRunReport::Of(SampleResult());
  report.offenders = {"\xff\xfe"};
  EXPECT_NO_THROW(CJsonReport::Read(CJsonReport::Text(report)));
}

TEST(CJsonReportTest, RefusesWhatIsNoReportOfThisVersion) {
  const std::string good = CJsonReport::Text(SRunReport::Of(SampleResult()));
  std::string newer = good;
  newer.replace(newer.find("\"version\": 1"), 12, "\"version\": 2");
  std::string mistyped = good;
  mistyped.replace(mistyped.find("\"seconds\": 2.5"), 14, "\"seconds\": \"a\"");
  for (const std::string& bad : {std::string(), std::string("[]"), std::string("{}"), std::string("{\"format\":\"x\"}"),
                                 good.substr(0, good.size() / 2), newer, mistyped}) {
    EXPECT_THROW(CJsonReport::Read(bad), std::runtime_error) << bad.substr(0, 40);
  }
}

TEST(CJsonReportTest, AnotherFileIsToldApartInWordsOfTheUser) {
  EXPECT_THAT([] { CJsonReport::Read("[[listener]]\nport = 9000\n"); },
              testing::ThrowsMessage<std::runtime_error>(
                  "this is no report of a run: it is no JSON, as --json FILE writes it"));
}

TEST(CJsonReportTest, AFileThatIsNotThereIsNamed) {
  try {
    CJsonReport::ReadFile("no/such/report.json");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no/such/report.json"));
  }
}

TEST(CJsonReportTest, TheFileNameIsTheLabelOfARunThatHasNone) {
  const std::string path = testing::TempDir() + "after the change.json";
  SRunReport report = SRunReport::Of(SampleResult());
  ReplaceFile(path, CJsonReport::Text(report));
  EXPECT_EQ(CJsonReport::ReadFile(path).label, "after the change");
  report.label = "epoll";
  ReplaceFile(path, CJsonReport::Text(report));
  EXPECT_EQ(CJsonReport::ReadFile(path).label, "epoll");
}

}  // namespace
}  // namespace switchboard::sim
