// Handlers of the logic behind HTTP requests, beside files, by the real server.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/system/CHttpSystemTest.h"

namespace switchboard {
namespace {

using CHttpRouteTest = CHttpSystemTest;

TEST_F(CHttpRouteTest, RoutesRunOnTheBusinessPool) {
  Write("route/where", "a file");
  CServerProcess& server = Serve({"listener.0.access_log=access.log"});
  CHttpTestClient client(server.Port());
  EXPECT_TRUE(client.Ask("/route/where").body.starts_with("sb-work-")) << "a route comes before a file";
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("POST", "/route/echo?q=", "Content-Length: 4\r\n") + "body"));
  EXPECT_EQ(client.Receive().body, "q=body");
  EXPECT_EQ(client.Ask("/small.txt").body, "0123456789");
  ASSERT_TRUE(Eventually([&] { return AccessLog().size() == 3; }));
  EXPECT_NE(AccessLog()[1].find("\"POST /route/echo?q= HTTP/1.1\" 200 6 "), std::string::npos) << AccessLog()[1];
}

TEST_F(CHttpRouteTest, RoutesWorkWithoutFiles) {
  CServerProcess& server = StartWith({"listener.0.protocol=http"});
  CHttpTestClient client(server.Port());
  EXPECT_EQ(client.Ask("/route/echo?x").body, "x");
  EXPECT_EQ(client.Ask("/").status, 404);
}

TEST_F(CHttpRouteTest, ARouteThatNoListenerLeadsToIsNamedAtTheStart) {
  const CServerProcess& server = StartWith({"listener.0.protocol=packet"});
  EXPECT_TRUE(server.WaitForLog("can't be asked for: no [[listener]] has protocol = \"http\""));
}

TEST_F(CHttpRouteTest, FilesAndRoutesAnswerInTheOrderOfTheRequests) {
  constexpr uint32_t kRequests = 20000 / kFewer;
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  std::thread sender([&] {
    std::string batch;
    for (uint32_t i = 0; i < kRequests; ++i) {
      batch += CHttpTestClient::Request("GET", i % 3 == 0 ? "/small.txt" : "/route/echo?" + std::to_string(i));
    }
    EXPECT_TRUE(client.Send(batch));
  });
  for (uint32_t i = 0; i < kRequests && !HasFailure(); ++i) {
    EXPECT_EQ(client.Receive().body, i % 3 == 0 ? "0123456789" : std::to_string(i));
  }
  sender.join();
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, kRequests));
}

TEST_F(CHttpRouteTest, EachMistakeOfARouteIsNamedWithItsMend) {
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"silent", "the handler returned without an answer: call Reply or Defer"},
      {"invalid", "the reply isn't one that HTTP allows: see SHttpReply"},
      {"large", "the reply is over MaxReplyBytes(): raise limits.send_queue_bytes"},
      {"drop", "the CDeferredHttpReply was dropped without an answer: call Reply on it"},
  };
  for (const auto& [how, cause] : mistakes) {
    EXPECT_EQ(client.Ask("/route/wrong?" + how).status, 500) << how;
    EXPECT_TRUE(server.WaitForLog("route /route/wrong failed: " + cause)) << how;
  }
}

TEST_F(CHttpRouteTest, ABlockedRouteHoldsUpItsConnectionAlone) {
  CServerProcess& server = Serve({"business.threads=2"});
  CHttpTestClient blocked(server.Port());
  ASSERT_TRUE(blocked.Get("/route/await-gate"));
  ASSERT_TRUE(blocked.Get("/small.txt"));
  CHttpTestClient other(server.Port());
  EXPECT_EQ(other.Ask("/small.txt").body, "0123456789");
  EXPECT_EQ(other.Ask("/route/open-gate").body, "open");
  EXPECT_EQ(blocked.Receive().body, "open");
  EXPECT_EQ(blocked.Receive().body, "0123456789");
}

TEST_F(CHttpRouteTest, AStopWaitsForTheRouteInHand) {
  CServerProcess& server = Serve({"server.shutdown_timeout_s=60", "business.threads=2", "server.workers=1"});
  CHttpTestClient other(server.Port());
  EXPECT_EQ(other.Ask("/route/echo?x").body, "x");
  CHttpTestClient idle(server.Port());
  EXPECT_EQ(idle.Ask("/small.txt").status, 200);
  CHttpTestClient waiting(server.Port());
  ASSERT_TRUE(waiting.Get("/route/await-gate"));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 2));
  ASSERT_TRUE(other.Send("GET /route/open-gate HTTP/1.1\r\nHost:"));
  ASSERT_TRUE(server.WaitForCount(ECounter::kReceives, 4));
  server.Signal(SIGQUIT);
  EXPECT_TRUE(idle.IsClosed()) << "the stop has begun";
  ASSERT_TRUE(other.Send(" t\r\n\r\n"));
  EXPECT_EQ(other.Receive().body, "open");
  const SHttpAnswer last = waiting.Receive();
  EXPECT_EQ(last.body, "open");
  EXPECT_EQ(last.Field("connection"), "close");
  EXPECT_TRUE(waiting.IsClosed());
}

}  // namespace
}  // namespace switchboard
