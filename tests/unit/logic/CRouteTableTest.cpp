#include "logic/CRouteTable.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "logic/CLogic.h"
#include "misc/thread/CMutex.h"
#include "misc/thread/CQueue.h"
#include "tests/support/CHttpTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

// Routes that do all that a route may, and much that it shouldn't.
class CRouteLogic final : public CLogic {
 public:
  CRouteLogic() {
    OnHttp("/tell", &CRouteLogic::HandleTell);
    OnHttp("/with blank", &CRouteLogic::HandleTell, Run::kBlocking);
    OnHttp("/created", &CRouteLogic::HandleCreated);
    OnHttp("/none", &CRouteLogic::HandleNone);
    OnHttp("/silent", &CRouteLogic::HandleSilent);
    OnHttp("/throws", &CRouteLogic::HandleThrows);
    OnHttp("/throws-int", &CRouteLogic::HandleThrowsInt);
    OnHttp("/bad", &CRouteLogic::HandleBad);
    OnHttp("/large", &CRouteLogic::HandleLarge);
    OnHttp("/count", &CRouteLogic::HandleCount);
    OnHttp("/item/{id}", &CRouteLogic::HandleItem);
    OnHttp("/item/{id}/{part}", &CRouteLogic::HandleItem);
    OnHttp("/item/fixed", &CRouteLogic::HandleTell);
    OnHttp("/defer", &CRouteLogic::HandleDefer);
    OnHttp("/defer-now", &CRouteLogic::HandleDeferNow, Run::kBlocking);
  }
  using CLogic::OnHttp;
  bool HandleSilent(CHttpRequest&) { return true; }

  CQueue<CDeferredHttpReply> deferred{1000};
  CMutex answering;  // held by whoever answers from outside: as a thread of the logic, it is waited for at the end

 private:
  bool HandleItem(CHttpRequest& request) {
    EXPECT_EQ(request.PathValue("other"), std::nullopt);
    return request.Reply(
        "", std::string(*request.PathValue("id")) + "+" + std::string(request.PathValue("part").value_or("-")));
  }
  bool HandleTell(CHttpRequest& request) {
    std::string text = std::string(request.MethodName()) + " " + std::string(request.Path());
    text += " query=" + std::string(request.Query()) + " name=" + request.QueryValue("name").value_or("?");
    text += " x=" + std::string(request.Field("x").value_or("-")) + " body=" + std::string(request.Body());
    return request.Reply("text/x-told", text);
  }
  bool HandleCreated(CHttpRequest& request) {
    const std::array<SHttpField, 1> fields = {{{"Location", "/made"}}};
    EXPECT_TRUE(request.Reply({.status = 201, .contentType = "", .body = "made", .fields = fields}));
    EXPECT_TRUE(request.IsEnded());
    EXPECT_FALSE(request.Reply("text/plain", "twice"));
    EXPECT_THROW(request.Defer(), std::logic_error);
    throw std::runtime_error("too late to matter");
  }
  bool HandleNone(CHttpRequest& request) { return request.Reply({.status = 204}); }
  bool HandleThrows(CHttpRequest&) { throw std::runtime_error("on purpose"); }
  bool HandleThrowsInt(CHttpRequest&) { throw 42; }
  bool HandleBad(CHttpRequest& request) {
    const auto isTaken = [&](const SHttpField& field) {
      return request.Reply({.fields = std::span<const SHttpField>(&field, 1)});
    };
    EXPECT_FALSE(request.Reply({.status = 100}));
    EXPECT_FALSE(request.Reply({.status = 600}));
    EXPECT_FALSE(request.Reply({.status = 204, .body = "x"}));
    EXPECT_FALSE(request.Reply("text/plain\r\nX: y", ""));
    EXPECT_FALSE(isTaken({"Content-Length", "5"}));
    EXPECT_FALSE(isTaken({"TRANSFER-encoding", "chunked"}));
    EXPECT_FALSE(isTaken({"X Y", "5"}));
    EXPECT_FALSE(isTaken({"", "5"}));
    EXPECT_FALSE(isTaken({"X", "5\r\nY: z"}));
    EXPECT_FALSE(request.Reply("text/plain", std::string(request.MaxReplyBytes(), 'x')));
    return request.Reply("text/plain", "good");
  }
  bool HandleLarge(CHttpRequest& request) { return request.Reply("text/plain", std::string(1'000'000, 'x')); }
  bool HandleCount(CHttpRequest& request) { return request.Reply("", std::to_string(++request.State<int>())); }
  bool HandleDefer(CHttpRequest& request) { return deferred.Push(request.Defer()), true; }
  bool HandleDeferNow(CHttpRequest& request) {
    CDeferredHttpReply reply = request.Defer();
    EXPECT_TRUE(reply.Reply("text/plain", "now for " + std::string(request.Path())));
    EXPECT_FALSE(reply.Reply("text/plain", "twice"));
    return true;
  }
  void OnWorkerStop() override {
    CMutexLock lock(answering);
    std::vector<CDeferredHttpReply> left;
    deferred.Close();
    deferred.PopAll(left);
  }
};

SConfig HttpConfig() {
  SConfig config = TestConfig();
  config.listeners[0].protocol = EListenerProtocol::kHttp;
  config.listeners[0].http.body_bytes = 1000;
  return config;
}

class CRouteTableTest : public testing::Test {
 protected:
  CDeferredHttpReply Next() {
    std::vector<CDeferredHttpReply> next;
    m_logic.deferred.PopAll(next);
    EXPECT_EQ(next.size(), 1U);
    return std::move(next.front());
  }

  CRouteLogic m_logic;
  CTestNetwork m_network{m_logic, HttpConfig()};
  CHttpTestClient m_client{m_network.Port()};
};

TEST_F(CRouteTableTest, AHandlerSeesTheRequest) {
  const SHttpAnswer got = m_client.Ask("/tell?name=J%C3%B6rg+B&z", "X: y\r\n");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "GET /tell query=name=J%C3%B6rg+B&z name=J\xc3\xb6rg B x=y body=");
  EXPECT_EQ(got.Field("content-type"), "text/x-told");
  EXPECT_NE(got.Field("date"), "");
  ASSERT_TRUE(m_client.Send(CHttpTestClient::Request("POST", "/a/../tel%6c", "Content-Length: 3\r\n") + "abc"));
  EXPECT_EQ(m_client.Receive().body, "POST /tell query= name=? x=- body=abc");
  ASSERT_TRUE(m_client.Send(CHttpTestClient::Request("PUT", "/tell", "Transfer-Encoding: chunked\r\n") +
                            "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"));
  EXPECT_EQ(m_client.Receive().body, "PUT /tell query= name=? x=- body=abc");
  EXPECT_EQ(m_client.Ask("/with%20blank").body, "GET /with blank query= name=? x=- body=");
  EXPECT_EQ(m_client.Ask("/tell/").status, 404);
  EXPECT_EQ(m_client.Ask("/Tell").status, 404);
}

TEST_F(CRouteTableTest, APartOfThePathCanBeAValue) {
  EXPECT_EQ(m_client.Ask("/item/7").body, "7+-");
  EXPECT_EQ(m_client.Ask("/item/a%20b/c").body, "a b+c");
  EXPECT_EQ(m_client.Ask("/item/fixed").body.substr(0, 15), "GET /item/fixed");
  EXPECT_EQ(m_client.Ask("/item/%7Bid%7D").body, "{id}+-");
  EXPECT_EQ(m_client.Ask("/item/").status, 404);
  EXPECT_EQ(m_client.Ask("/item/1/2/3").status, 404);
}

TEST(CRouteTableRegistrationTest, WhatCannotBeReachedIsRefused) {
  CRouteLogic logic;
  EXPECT_THROW(logic.OnHttp("/a/*", &CRouteLogic::HandleSilent), std::logic_error);
  EXPECT_THROW(logic.OnHttp("/a{id}", &CRouteLogic::HandleSilent), std::logic_error);
  logic.OnHttp("/item/{other}", &CRouteLogic::HandleSilent);
  EXPECT_THROW(CTestNetwork(logic, HttpConfig()), std::logic_error) << "it fits the same paths as another";
}

TEST(CRouteTableRegistrationTest, ARouteThatIsBoundToAPacketListenerIsRefused) {
  CRouteLogic logic;
  logic.OnHttp("/only", &CRouteLogic::HandleSilent).OnlyOn("game");
  SConfig config = TestConfig();
  config.listeners[0].name = "game";
  EXPECT_THROW(CTestNetwork(logic, config), std::logic_error);
}

TEST_F(CRouteTableTest, HeadGetsTheHeadAlone) {
  ASSERT_TRUE(m_client.Send(CHttpTestClient::Request("HEAD", "/created")));
  const SHttpAnswer head = m_client.Receive(true);
  EXPECT_EQ(head.status, 201);
  EXPECT_EQ(head.Field("content-length"), "4");
  EXPECT_EQ(head.Field("location"), "/made");
  EXPECT_EQ(head.Field("content-type"), "");
  EXPECT_EQ(m_client.Ask("/created").body, "made");
  const SHttpAnswer none = m_client.Ask("/none");
  EXPECT_EQ(none.status, 204);
  EXPECT_EQ(none.fields.count("content-length"), 0U);
  EXPECT_EQ(m_client.Ask("/created").status, 201);
}

TEST_F(CRouteTableTest, WhatIsNoReplyIsRefused) { EXPECT_EQ(m_client.Ask("/bad").body, "good"); }

TEST_F(CRouteTableTest, AHandlerThatFailsIsAnswered500) {
  EXPECT_EQ(m_client.Ask("/silent").status, 500);
  EXPECT_EQ(m_client.Ask("/throws").status, 500);
  EXPECT_EQ(m_client.Ask("/throws-int").status, 500);
  EXPECT_EQ(m_client.Ask("/tell").status, 200);
  EXPECT_EQ(m_network.Count(ERejectReason::kHandlerFailed), 1U);
  EXPECT_EQ(m_network.Count(ERejectReason::kHandlerThrew), 2U);
}

TEST_F(CRouteTableTest, ABodyOverTheLimitNeverReachesAHandler) {
  ASSERT_TRUE(m_client.Send(CHttpTestClient::Request("POST", "/tell", "Content-Length: 1001\r\n")));
  EXPECT_EQ(m_client.Receive().status, 413);
  EXPECT_TRUE(m_client.IsClosed());
}

TEST_F(CRouteTableTest, StateBelongsToTheConnection) {
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(m_client.Ask("/count").body, std::to_string(i));
  EXPECT_EQ(CHttpTestClient(m_network.Port()).Ask("/count").body, "1");
}

TEST_F(CRouteTableTest, PipelinedAnswersComeInOrder) {
  std::string requests;
  constexpr int kRounds = 50;
  for (int i = 0; i < kRounds; ++i) {
    requests += CHttpTestClient::Request("GET", "/tell?" + std::to_string(i));
    requests += CHttpTestClient::Request("GET", "/no-route");
    requests += CHttpTestClient::Request("GET", "/defer");
    requests += CHttpTestClient::Request("GET", "/defer-now");
  }
  ASSERT_TRUE(m_client.Send(requests));
  for (int i = 0; i < kRounds; ++i) {
    EXPECT_EQ(m_client.Receive().body, "GET /tell query=" + std::to_string(i) + " name=? x=- body=");
    EXPECT_EQ(m_client.Receive().status, 404);
    EXPECT_TRUE(Next().Reply("text/plain", "deferred " + std::to_string(i)));
    EXPECT_EQ(m_client.Receive().body, "deferred " + std::to_string(i));
    EXPECT_EQ(m_client.Receive().body, "now for /defer-now");
  }
}

TEST_F(CRouteTableTest, LargeAnswersWaitForTheReader) {
  std::string requests;
  constexpr int kAnswers = 30;
  for (int i = 0; i < kAnswers; ++i) requests += CHttpTestClient::Request("GET", "/large");
  ASSERT_TRUE(m_client.Send(requests));
  for (int i = 0; i < kAnswers; ++i) ASSERT_EQ(m_client.Receive().body.size(), 1'000'000U) << i;
}

TEST_F(CRouteTableTest, TheLastAnswerSaysSoAndEndsTheConnection) {
  const SHttpAnswer last = m_client.Ask("/tell", "Connection: close\r\n");
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.Field("connection"), "close");
  EXPECT_TRUE(m_client.IsClosed());
  CHttpTestClient old(m_network.Port());
  ASSERT_TRUE(old.Send("GET /defer HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(Next().Reply("text/plain", "late"));
  const SHttpAnswer late = old.Receive();
  EXPECT_EQ(late.body, "late");
  EXPECT_EQ(late.Field("connection"), "close");
  EXPECT_TRUE(old.IsClosed());
}

TEST_F(CRouteTableTest, AnAnswerThatComesAfterAStopHasBegunIsTheLast) {
  // Some of them older and some younger than the one that waits: when all are closed, it has been asked to end, too.
  CHttpTestClient older(m_network.Port());
  EXPECT_EQ(older.Ask("/tell").status, 200);
  ASSERT_TRUE(m_client.Get("/defer"));
  CDeferredHttpReply reply = Next();
  CHttpTestClient younger(m_network.Port());
  EXPECT_EQ(younger.Ask("/tell").status, 200);
  std::thread stopper;
  {
    CMutexLock lock(m_logic.answering);
    stopper = std::thread([&] { m_network.Stop(); });
    EXPECT_TRUE(older.IsClosed());
    EXPECT_TRUE(younger.IsClosed());
    EXPECT_TRUE(reply.Reply("text/plain", "late"));
  }
  const SHttpAnswer late = m_client.Receive();
  EXPECT_EQ(late.body, "late");
  EXPECT_EQ(late.Field("connection"), "close");
  EXPECT_TRUE(m_client.IsClosed());
  stopper.join();
}

TEST_F(CRouteTableTest, ADeferredAnswerThatIsDroppedIs500) {
  ASSERT_TRUE(m_client.Get("/defer"));
  { CDeferredHttpReply dropped = Next(); }
  EXPECT_EQ(m_client.Receive().status, 500);
  EXPECT_EQ(m_client.Ask("/tell").status, 200);
}

TEST_F(CRouteTableTest, NobodyHearsTheAnswerToAClientThatHasGone) {
  std::optional<CHttpTestClient> client(std::in_place, m_network.Port());
  ASSERT_TRUE(client->Get("/defer"));
  CDeferredHttpReply reply = Next();
  client->Socket().Rst();
  EXPECT_TRUE(Eventually([&] { return m_network.Count(ECounter::kPacketsDiscarded) == 1; }));
  EXPECT_FALSE(reply.Reply("text/plain", "anybody?"));
}

TEST(CHttpRouteTableTest, WhatCantBeARouteIsRefused) {
  CRouteLogic logic;
  for (const char* path : {"", "tell", "/a/../b", "/a?b", "/a//b", "/%41", "/tell"}) {
    EXPECT_THROW(logic.OnHttp(path, &CRouteLogic::HandleSilent), std::logic_error) << path;
  }
  EXPECT_THROW(logic.OnHttp("/new", &CRouteLogic::HandleSilent, Run::kInline), std::logic_error);
  logic.OnHttp("/new", &CRouteLogic::HandleSilent);
  CTestNetwork network(logic);
  EXPECT_THROW(logic.OnHttp("/newer", &CRouteLogic::HandleSilent), std::logic_error);
}

TEST(CHttpFormTest, ValuesAreDecodedOnce) {
  const auto value = [](std::string_view form) { return CHttpRequest::ValueOf(form, "a").value_or("(none)"); };
  EXPECT_EQ(value("a=1"), "1");
  EXPECT_EQ(value("b=2&a=1&a=3"), "1");
  EXPECT_EQ(value("a"), "");
  EXPECT_EQ(value("a=x%2By+z%252B"), "x+y z%2B");
  EXPECT_EQ(value("%61=1"), "1");
  EXPECT_EQ(value("a=%4"), "(none)");
  EXPECT_EQ(value("a=%zz"), "(none)");
  EXPECT_EQ(value("%zz=1&a=b=c"), "b=c");
  EXPECT_EQ(value("&&aa=1&"), "(none)");
  EXPECT_EQ(value(""), "(none)");
}

// What a deferred request keeps is its connection's, and free when that is closed, whoever still may answer it.
TEST(CRouteTableShareTest, WhoDefersTheMostIsClosedAtTheCeiling) {
  CRouteLogic logic;
  SConfig config = HttpConfig();
  config.listeners[0].http.body_bytes = 1 << 20;
  config.limits.total_bytes = 1'500'000;
  CTestNetwork network(logic, config);
  uint64_t deferred = 0;
  const auto defer = [&](CHttpTestClient& client, size_t bytes) {
    const std::string length = "Content-Length: " + std::to_string(bytes) + "\r\n";
    ASSERT_TRUE(client.Send(CHttpTestClient::Request("POST", "/defer", length) + std::string(bytes, 'x')));
    ++deferred;
    ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsEntered) == deferred; }));
  };
  CHttpTestClient greedy(network.Port());
  defer(greedy, 400'000);
  std::deque<CHttpTestClient> modest;
  for (int i = 0; i < 20 && network.Count(ECloseReason::kMemory) == 0; ++i) {
    defer(modest.emplace_back(network.Port()), 100'000);
  }
  ASSERT_TRUE(Eventually([&] { return network.Count(ECloseReason::kMemory) > 0; }));
  EXPECT_TRUE(greedy.IsClosed());
  EXPECT_LT(modest.size(), 12U);
  defer(modest.emplace_back(network.Port()), 100'000);
  EXPECT_EQ(network.Count(ECloseReason::kMemory), 1U) << "its memory is free";
}

}  // namespace
}  // namespace switchboard
