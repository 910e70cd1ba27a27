#include "net/site/CHttpLogLine.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/CTestRequest.h"

namespace switchboard {
namespace {

constexpr const char* kTime = "06/Nov/1994:09:49:37 +0100";

std::string Line(const SHttpRequest& request, uint16_t status = 200, uint64_t bytes = 2326) {
  std::string line;
  CHttpLogLine::Append(line, "127.0.0.1", kTime, request, status, bytes);
  return line;
}

TEST(CHttpLogLineTest, WritesTheCombinedFormat) {
  const CTestRequest request("Referer: http://example.org/a?b\r\nUser-Agent: Mozilla/5.0 (X11)\r\n",
                             "GET /apache_pb.gif?x=y HTTP/1.0");
  EXPECT_EQ(Line(request.Get()),
            "127.0.0.1 - - [06/Nov/1994:09:49:37 +0100] \"GET /apache_pb.gif?x=y HTTP/1.0\" 200 2326 "
            "\"http://example.org/a?b\" \"Mozilla/5.0 (X11)\"\n");
}

TEST(CHttpLogLineTest, WhatIsAbsentIsADash) {
  const CTestRequest request("Referer:\r\n");
  EXPECT_EQ(Line(request.Get(), 304, 0),
            "127.0.0.1 - - [06/Nov/1994:09:49:37 +0100] \"GET / HTTP/1.1\" 304 0 \"-\" \"-\"\n");
  const SHttpRequest nothing;
  EXPECT_EQ(Line(nothing, 400, 18446744073709551615U),
            "127.0.0.1 - - [06/Nov/1994:09:49:37 +0100] \"-\" 400 18446744073709551615 \"-\" \"-\"\n");
}

TEST(CHttpLogLineTest, NothingBreaksOut) {
  const CTestRequest request("User-Agent: a\" 200 1 \"b\" \\x22 \xe9\ttab\r\n", "GET /\"\xc3\xbc\\ HTTP/1.1");
  EXPECT_EQ(Line(request.Get()),
            "127.0.0.1 - - [06/Nov/1994:09:49:37 +0100] \"GET /\\x22\\xC3\\xBC\\x5C HTTP/1.1\" 200 2326 \"-\" "
            "\"a\\x22 200 1 \\x22b\\x22 \\x5Cx22 \\xE9\\x09tab\"\n");
  std::string text;
  CHttpLogLine::AppendEscaped(text, std::string("\x1b[2J\n\r\0\x7f\xff", 9));
  EXPECT_EQ(text, "\\x1B[2J\\x0A\\x0D\\x00\\x7F\\xFF");
}

}  // namespace
}  // namespace switchboard
