#include "net/http/CHttpDate.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

#include "net/http/CHttpNow.h"

namespace switchboard {
namespace {

constexpr int64_t kNow = 1795242060;  // 2026-11-21

std::string Formatted(int64_t seconds) {
  const CHttpDate::Text text = CHttpDate::Format(seconds);
  return {text.data(), text.size()};
}

TEST(CHttpDateTest, FormatsTheExampleOfTheRfc) {
  EXPECT_EQ(Formatted(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(Formatted(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(Formatted(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(Formatted(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(Formatted(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(Formatted(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(CHttpDateTest, AgreesWithTheCLibrary) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<int64_t> times(0, 253402300799);
  for (int i = 0; i < 2000; ++i) {
    const time_t time = times(random);
    tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    ASSERT_EQ(std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts), CHttpDate::kBytes);
    ASSERT_EQ(Formatted(time), text);
    ASSERT_EQ(CHttpDate::Parse(text, kNow), time);
    ASSERT_NE(std::strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &parts), 0U);
    ASSERT_EQ(CHttpDate::Parse(text, kNow), time);
  }
}

TEST(CHttpDateTest, ReadsTheThreeForms) {
  for (const char* p_text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                             "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994"}) {
    EXPECT_EQ(CHttpDate::Parse(p_text, kNow), 784111777) << p_text;
  }
  EXPECT_EQ(CHttpDate::Parse("Sat, 31 Dec 2016 23:59:60 GMT", kNow), 1483228800) << "a leap second";
}

TEST(CHttpDateTest, AYearOfTwoDigitsIsAtMostFiftyYearsAhead) {
  const auto year = [](const char* p_year) {
    const auto time = CHttpDate::Parse(std::string("Sunday, 06-Nov-") + p_year + " 08:49:37 GMT", kNow);
    return time ? Formatted(*time).substr(12, 4) : "none";
  };
  EXPECT_EQ(year("26"), "2026");
  EXPECT_EQ(year("76"), "2076");
  EXPECT_EQ(year("77"), "1977");
  EXPECT_EQ(year("99"), "1999");
  EXPECT_EQ(year("00"), "2000");
}

TEST(CHttpDateTest, WhatIsNoDateIsRefused) {
  for (const char* p_text : {"",
                             "0",
                             "784111777",
                             "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             " Sun, 06 Nov 1994 08:49:37 GMT",
                             "sun, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 nov 1994 08:49:37 GMT",
                             "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 94 08:49:37 GMT",
                             "Sun, 06 Nov 1994 8:49:37 GMT",
                             "Sun, 06 Nov 1994 24:00:00 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 31 Nov 1994 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Wed, 29 Feb 1995 08:49:37 GMT",
                             "Sun, 06 Nob 1994 08:49:37 GMT",
                             "Sun, 06 anF 1994 08:49:37 GMT",
                             "Xun, 06 Nov 1994 08:49:37 GMT",
                             "Sun,06 Nov 1994 08:49:37 GMT",
                             "Sun, 06-Nov-1994 08:49:37 GMT",
                             "Sunday, 06 Nov 1994 08:49:37 GMT",
                             "Sunday, 06-Nov-1994 08:49:37 GMT",
                             "Sun, 06-Nov-94 08:49:37 GMT",
                             "Sunday Nov  6 08:49:37 1994",
                             "Sun Nov 6 08:49:37 1994",
                             "Sun Nov  6 08:49:37 1994 GMT",
                             "Sun Nov  6 08:49:37 94",
                             "Sun, 06 Nov -994 08:49:37 GMT",
                             "Sun, +6 Nov 1994 08:49:37 GMT",
                             "Sun",
                             "Sun,",
                             "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(CHttpDate::Parse(p_text, kNow), std::nullopt) << p_text;
  }
}

TEST(CHttpNowTest, SaysTheTimeAsResponsesAndLogsDo) {
  CHttpNow now;
  now.Set(784111777);
  EXPECT_EQ(now.Date(), "Sun, 06 Nov 1994 08:49:37 GMT");
  const time_t time = 784111777;
  tm local{};
  ::localtime_r(&time, &local);
  char text[64];
  std::strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S %z", &local);
  EXPECT_EQ(now.LogTime(), text);
  const int64_t before = std::time(nullptr);
  now.Refresh();
  EXPECT_GE(now.Seconds(), before - 1) << "the coarse clock may be some milliseconds late";
  EXPECT_LE(now.Seconds(), std::time(nullptr));
  EXPECT_EQ(now.Date(), Formatted(now.Seconds()));
}

}  // namespace
}  // namespace switchboard
