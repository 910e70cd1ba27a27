#include "net/site/CHttpHeadWriter.h"

#include <gtest/gtest.h>

#include <string>

namespace switchboard {
namespace {

class CHttpHeadWriterTest : public testing::Test {
 protected:
  CHttpHeadWriterTest() { m_now.Set(784111777); }
  std::string Head(uint16_t status, bool isLast = false) {
    std::string head = "before";
    m_heads.Append(head, m_request, m_now, isLast, status, "Y: z\r\n", 7);
    return head;
  }

  const CHttpHeadWriter m_heads{{"X: y"}};
  SHttpRequest m_request;
  CHttpNow m_now;
};

constexpr const char* kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: switchboard\r\nX: y\r\n";

TEST_F(CHttpHeadWriterTest, WritesAHead) {
  EXPECT_EQ(Head(200), std::string("beforeHTTP/1.1 200 OK\r\n") + kDate + "Y: z\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(m_heads.CommonFields(), "Server: switchboard\r\nX: y\r\n");
}

// RFC 9110 section 8.6.
TEST_F(CHttpHeadWriterTest, SomeStatusesHaveNoLength) {
  for (const uint16_t status : {uint16_t{204}, uint16_t{304}}) {
    EXPECT_EQ(Head(status).find("Content-Length"), std::string::npos) << status;
  }
}

TEST_F(CHttpHeadWriterTest, TellsWhetherTheConnectionEnds) {
  EXPECT_TRUE(Head(404, true).ends_with("\r\nConnection: close\r\n\r\n"));
  m_request.minorVersion = 0;
  EXPECT_TRUE(Head(404, true).ends_with("\r\nConnection: close\r\n\r\n"));
  EXPECT_TRUE(Head(404).ends_with("\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_F(CHttpHeadWriterTest, WhatIsNotAllowedIsToldWhatIs) {
  EXPECT_TRUE(CHttpHeadWriter::PageFieldsOf(405).starts_with("Allow: GET, HEAD\r\n"));
  EXPECT_TRUE(CHttpHeadWriter::PageFieldsOf(405).ends_with(CHttpHeadWriter::kPageFields));
  EXPECT_EQ(CHttpHeadWriter::PageFieldsOf(404), CHttpHeadWriter::kPageFields);
  EXPECT_NE(CHttpHeadWriter::PageOf(405).find("<h1>405 Method Not Allowed</h1>"), std::string::npos);
}

}  // namespace
}  // namespace switchboard
