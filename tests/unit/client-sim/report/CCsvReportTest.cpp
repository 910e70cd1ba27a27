#include "client-sim/report/CCsvReport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "tests/unit/client-sim/report/ReportSample.h"

namespace switchboard::sim {
namespace {

TEST(CCsvReportTest, ALineForEachSecondUnderALineOfNames) {
  std::istringstream text(CCsvReport::Text(SRunReport::Of(SampleResult())));
  std::string names;
  std::getline(text, names);
  EXPECT_THAT(names, testing::StartsWith("at_s,length_s,phase,"));
  const auto fields = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  std::string line;
  for (size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(std::getline(text, line));
    // The name of the first phase has a comma of its own.
    EXPECT_EQ(fields(line), fields(names) + (i < 3 ? 1 : 0)) << line;
  }
  EXPECT_EQ(line, "2.500,0.500,\"under attack\",500,201,200,0,0,0,64,5.000000,9.000000,9.900000,10.000000");
  EXPECT_FALSE(std::getline(text, line));
}

TEST(CCsvReportTest, QuotesAreDoubled) {
  EXPECT_THAT(CCsvReport::Text(SRunReport::Of(SampleResult())), testing::HasSubstr("\"before, \"\"quoted\"\"\""));
}

}  // namespace
}  // namespace switchboard::sim
