#include "client-sim/report/CHtmlReport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "tests/unit/client-sim/report/ReportSample.h"

namespace switchboard::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

// Fails if an element is left open or closed twice.
void ExpectBalanced(const std::string& page) {
  const std::regex tag("<(/?)([a-z0-9]+)([^>]*)>");
  std::vector<std::string> open;
  for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2];
    const std::string rest = (*at)[3];
    const bool isAlone = name == "meta" || (!rest.empty() && rest.back() == '/');
    if (isAlone) continue;
    if ((*at)[1] == "") {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << name;
    ASSERT_EQ(open.back(), name) << at->position();
    open.pop_back();
  }
  EXPECT_THAT(open, testing::IsEmpty());
}

// Nothing in the page makes a browser fetch anything, or run anything.
void ExpectSelfContained(const std::string& page) {
  for (const char* p_text :
       {"http:", "https:", "<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(p_text)));
  }
}

TEST(CHtmlReportTest, APageIsWholeAndNeedsNothingElse) {
  const std::string page = CHtmlReport::Page(SRunReport::Of(SampleResult()));
  EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>"));
  ExpectBalanced(page);
  ExpectSelfContained(page);
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
  for (const char* p_text : {"Throughput", "Latency over time", "Latency by percentile", "Ledger", "Parameters",
                             "Phases", "Attackers", "The first offenders", "Reconnects", "99.9 %"}) {
    EXPECT_THAT(page, HasSubstr(p_text));
  }
}

TEST(CHtmlReportTest, TextFromOutsideIsEscaped) {
  const std::string page = CHtmlReport::Page(SRunReport::Of(SampleResult()));
  EXPECT_THAT(page, HasSubstr("127.0.0.1:&lt;5000&gt;"));
  EXPECT_THAT(page, HasSubstr("&quot;lost&quot; &amp; &lt;not&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("</script>")));
}

TEST(CHtmlReportTest, ARunOfNothingIsAPageToo) {
  for (const SRunReport& report : {SRunReport{}, SRunReport::Of(SRunResult{})}) {
    const std::string page = CHtmlReport::Page(report);
    ExpectBalanced(page);
    EXPECT_THAT(page, Not(HasSubstr("nan")));
    EXPECT_THAT(page, Not(HasSubstr("inf ")));
  }
}

TEST(CHtmlReportTest, AComparisonDrawsBoth) {
  SRunReport before = SRunReport::Of(SampleResult());
  SRunReport after = SRunReport::Of(SampleResult(2));
  before.label = "before";
  after.label = "<after>";
  const std::string page = CHtmlReport::Comparison(before, after);
  ExpectBalanced(page);
  ExpectSelfContained(page);
  EXPECT_THAT(page, HasSubstr("line blue"));
  EXPECT_THAT(page, HasSubstr("line orange"));
  EXPECT_THAT(page, HasSubstr("&lt;after&gt;"));
  EXPECT_THAT(page, HasSubstr("+100."));
}

}  // namespace
}  // namespace switchboard::sim
