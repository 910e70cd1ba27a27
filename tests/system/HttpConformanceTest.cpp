// What RFC 9110 and RFC 9112 say that a server must do, by the real server over real sockets.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/CHttpTestClient.h"
#include "tests/system/CHttpSystemTest.h"

namespace switchboard {
namespace {

using CHttpConformanceTest = CHttpSystemTest;

// RFC 9112 section 3.2.2.
TEST_F(CHttpConformanceTest, AnAbsoluteTargetIsAnswered) {
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  for (const char* p_request :
       {"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://x?q HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http://x HTTP/1.1\r\nHost: other\r\n\r\n", "GET HTTP://[::1]:80/index.html HTTP/1.1\r\nHost:\r\n\r\n"}) {
    ASSERT_TRUE(client.Send(p_request));
    EXPECT_EQ(client.Receive().body, "<h1>home</h1>") << p_request;
  }
  ASSERT_TRUE(client.Send("OPTIONS http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(client.Receive().status, 405);
  EXPECT_EQ(client.Ask("/small.txt").body, "0123456789");
}

// RFC 9110 section 15.5.6.
TEST_F(CHttpConformanceTest, WhoeverMayNotIsToldWhatMay) {
  CServerProcess& server = Serve();
  for (const char* p_request :
       {"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", "DELETE /small.txt HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS http://x HTTP/1.1\r\nHost: x\r\n\r\n",
        "PUT /none HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na",
        "POST /a/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"}) {
    CHttpTestClient client(server.Port());
    ASSERT_TRUE(client.Send(p_request));
    const SHttpAnswer answer = client.Receive();
    EXPECT_EQ(answer.status, 405) << p_request;
    EXPECT_EQ(answer.Field("allow"), "GET, HEAD") << p_request;
  }
}

// RFC 9110 section 10.1.1: nobody is asked to send what will be refused.
TEST_F(CHttpConformanceTest, WhatIsRefusedWhateverItsBodyIsRefusedAtOnce) {
  CServerProcess& server = Serve();
  const std::vector<std::pair<const char*, int>> cases = {
      {"POST /index.html HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n", 405},
      {"PUT /none HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", 405},
      {"POST /../x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n", 405},
  };
  for (const auto& [p_request, status] : cases) {
    SCOPED_TRACE(p_request);
    CHttpTestClient client(server.Port());
    ASSERT_TRUE(client.Send(p_request));
    const SHttpAnswer answer = client.Receive();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.Field("connection"), "close") << "whether the body comes, nobody knows";
    EXPECT_TRUE(client.IsClosed());
  }
}

TEST_F(CHttpConformanceTest, AnEmptyFileIsGivenWholeWhateverItsRange) {
  Write("empty.txt", "");
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  for (const char* range : {"bytes=0-", "bytes=5-", "bytes=-1", "bytes=0-1,3-4"}) {
    const SHttpAnswer answer = client.Ask("/empty.txt", "Range: " + std::string(range) + "\r\n");
    EXPECT_EQ(answer.status, 200) << range;
    EXPECT_EQ(answer.Field("content-length"), "0") << range;
  }
}

TEST_F(CHttpConformanceTest, EachAnswerOfSeveralPartsHasABoundaryOfItsOwn) {
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  const std::string first = client.Ask("/small.txt", "Range: bytes=0-1,5-7\r\n").Field("content-type");
  const std::string second = client.Ask("/small.txt", "Range: bytes=0-1,5-7\r\n").Field("content-type");
  EXPECT_TRUE(first.starts_with("multipart/byteranges; boundary=")) << first;
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace switchboard
