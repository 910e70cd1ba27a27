#include "net/site/CHttpProtocol.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>

#include "tests/support/CHttpTestClient.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;

constexpr uint32_t kPooled = 5;  // the handler of "/pool" and of what is beneath it

// What is beneath "/pool" is answered by the pool, all else at once, each with its path; while the gate is closed, the
// pool waits.
class CHttpProtocolTest : public testing::Test {
 protected:
  CHttpProtocolTest() {
    m_application.onTake = [](CHttpSite& site, const SHttpTask& task, const CHttpPath& path) {
      if (path.Full().starts_with("/pool")) return std::optional<uint32_t>(kPooled);
      Answer(site, task, path.Full());
      return std::optional<uint32_t>();
    };
    m_application.onRun = [this](uint32_t handler, SRouteTask& task) {
      EXPECT_EQ(handler, kPooled);
      if (m_isGated) {
        ++m_waiting;
        m_gate.acquire();
      }
      if (!task.turn.Connection().IsAnswering()) {
        task.turn.Tally().Add(ECounter::kPacketsDiscarded);
        return;
      }
      CHttpNow now;
      CHttpAnswers answers(task.turn, now);
      Answer(task.site, {task.request, task.isLast, answers},
             std::string(task.path) + "?" + std::string(task.query) + " " + std::string(task.request.body));
    };
  }
  static SConfig Config() {
    SConfig config = TestConfig();
    config.listeners[0].protocol = EListenerProtocol::kHttp;
    return config;
  }
  static void Answer(CHttpSite& site, const SHttpTask& task, std::string_view text) {
    site.AnswerPage(task, 200, "Content-Type: text/plain\r\n", text);
  }
  static std::string Request(std::string_view target) { return CHttpTestClient::Request("GET", target); }

  CStubApplication m_application;
  std::atomic<bool> m_isGated{false};
  std::atomic<int> m_waiting{0};
  std::counting_semaphore<1000> m_gate{0};
};

TEST_F(CHttpProtocolTest, CutsRequestsAtAnyChunkSize) {
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  const std::string requests =
      CHttpTestClient::Request("POST", "/pool?a=b", "Content-Length: 4\r\n") + "body" + Request("/now");
  for (const char byte : requests) ASSERT_TRUE(client.Send({&byte, 1}));
  EXPECT_EQ(client.Receive().body, "/pool?a=b body");
  EXPECT_EQ(client.Receive().body, "/now");
}

TEST_F(CHttpProtocolTest, AnswersComeInTheOrderOfTheRequestsWhoeverGivesThem) {
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += Request("/now") + Request("/pool/1") + Request("/pool/2");
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.Receive().body, "/now");
    ASSERT_EQ(client.Receive().body, "/pool/1? ");
    ASSERT_EQ(client.Receive().body, "/pool/2? ");
  }
  EXPECT_EQ(network.Count(ECounter::kPacketsReplied), 150U);
}

TEST_F(CHttpProtocolTest, WhatComesBehindAHandlerWaitsForItAndOthersDont) {
  m_isGated = true;
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  ASSERT_TRUE(client.Send(Request("/first") + Request("/pool") + Request("/behind")));
  EXPECT_EQ(client.Receive().body, "/first") << "it doesn't wait for what comes behind it";
  ASSERT_TRUE(Eventually([&] { return m_waiting == 1; }));
  CHttpTestClient other(network.Port());
  EXPECT_EQ(other.Ask("/other").body, "/other");
  EXPECT_EQ(network.Count(ECounter::kPacketsAccepted), 3U) << "what is behind it isn't even taken";
  m_gate.release();
  EXPECT_EQ(client.Receive().body, "/pool? ");
  EXPECT_EQ(client.Receive().body, "/behind");
}

TEST_F(CHttpProtocolTest, APathThatIsNoneIsAnsweredAndTheConnectionStays) {
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  for (const auto& [target, status] : {std::pair<const char*, int>{"/../up", 400}, {"/%00", 400}, {"/a%2fb", 400}}) {
    EXPECT_EQ(client.Ask(target).status, status) << target;
  }
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("OPTIONS", "*")));
  EXPECT_EQ(client.Receive().status, 405);
  EXPECT_EQ(client.Ask("/still").body, "/still");
}

TEST_F(CHttpProtocolTest, WhoAsksFirstIsToldToGoOn) {
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("POST", "/pool", "Content-Length: 4\r\nExpect: 100-continue\r\n")));
  const std::string more = "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(client.ReceiveBytes(more.size()), more);
  ASSERT_TRUE(client.Send("body"));
  EXPECT_EQ(client.Receive().body, "/pool? body");
}

TEST_F(CHttpProtocolTest, WhoAsksFirstIsRefusedBeforeItSends) {
  m_application.onRefusal = [](const SHttpRequest& request) {
    return static_cast<uint16_t>(request.method == EHttpMethod::kPut ? 405 : 0);
  };
  CTestNetwork network(m_application, Config());
  const auto status = [&](const char* p_method, const char* p_target, const char* p_length) {
    CHttpTestClient client(network.Port());
    client.Send(CHttpTestClient::Request(p_method, p_target,
                                         std::string("Expect: 100-continue\r\nContent-Length: ") + p_length + "\r\n"));
    const int got = client.Receive().status;
    EXPECT_TRUE(client.IsClosed()) << "whether the body comes, only the client knows";
    return got;
  };
  EXPECT_EQ(status("PUT", "/pool", "4"), 405);
  EXPECT_EQ(status("POST", "/../up", "4"), 400);
  EXPECT_EQ(status("POST", "/pool", "99999999"), 413);
}

TEST_F(CHttpProtocolTest, NothingIsReadBehindTheLastRequest) {
  CTestNetwork network(m_application, Config());
  for (const char* p_target : {"/now", "/pool"}) {
    CHttpTestClient client(network.Port());
    ASSERT_TRUE(client.Send(CHttpTestClient::Request("GET", p_target, "Connection: close\r\n") + Request("/never")));
    EXPECT_EQ(client.Receive().Field("connection"), "close");
    EXPECT_TRUE(client.IsClosed());
  }
  EXPECT_EQ(network.Count(ECounter::kPacketsAccepted), 2U);
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kAnswered) == 2; }));
}

TEST_F(CHttpProtocolTest, WithoutRoomForAnotherRequestTheAnswerIs503) {
  m_isGated = true;
  SConfig config = Config();
  config.business.queue_packets = 1;
  CTestNetwork network(m_application, config);
  CHttpTestClient running(network.Port());
  ASSERT_TRUE(running.Get("/pool"));
  ASSERT_TRUE(Eventually([&] { return m_waiting == 1; }));
  CHttpTestClient refused(network.Port());
  EXPECT_EQ(refused.Ask("/pool").status, 503);
  EXPECT_EQ(refused.Ask("/now").body, "/now") << "and the connection stays";
  m_isGated = false;
  m_gate.release();
  EXPECT_EQ(running.Receive().status, 200);
  EXPECT_TRUE(Eventually([&] { return refused.Ask("/pool").status == 200; }));
}

TEST_F(CHttpProtocolTest, AFloodIsClosedAndWhatWasReadIsAnswered) {
  SConfig config = Config();
  config.flood.enabled = true;
  config.flood.packets_per_second = 1;
  config.flood.burst = 3;
  CTestNetwork network(m_application, config);
  CHttpTestClient client(network.Port());
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += Request("/now");
  ASSERT_TRUE(client.Send(requests));
  EXPECT_EQ(client.Receive().body, "/now");
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kFlood) == 1; }));
}

TEST_F(CHttpProtocolTest, ARequestThatIsntWholeInTimeIsTold) {
  SConfig config = Config();
  config.limits.packet_timeout = milliseconds(50);
  CTestNetwork network(m_application, config);
  CHttpTestClient client(network.Port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost:"));
  EXPECT_EQ(client.Receive().status, 408);
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(CHttpProtocolTest, WhoAsksNothingIsClosedInTime) {
  SConfig config = Config();
  config.listeners[0].http.idle_timeout = milliseconds(50);
  CTestNetwork network(m_application, config);
  CHttpTestClient client(network.Port());
  EXPECT_EQ(client.Ask("/now").body, "/now");
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(network.Count(ECloseReason::kHeartbeat), 1U);
}

TEST_F(CHttpProtocolTest, WhatIsStillRunningAtAStopIsAnsweredAsTheLast) {
  m_isGated = true;
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  ASSERT_TRUE(client.Get("/pool"));
  ASSERT_TRUE(Eventually([&] { return m_waiting == 1; }));
  CHttpTestClient idle(network.Port());
  EXPECT_EQ(idle.Ask("/now").body, "/now");
  CThread stopping("stopping", [&] { network.Stop(); });
  EXPECT_TRUE(idle.IsClosed()) << "the stop has begun";
  m_gate.release();
  EXPECT_EQ(client.Receive().body, "/pool? ");
  EXPECT_TRUE(client.IsClosed());
  stopping.Join();
}

TEST_F(CHttpProtocolTest, PushesGoNowhere) {
  std::atomic<int> sent{-1};
  m_application.onTake = [&](CHttpSite& site, const SHttpTask& task, const CHttpPath& path) {
    sent = m_application.Send(CTurn::Current()->Session(), 1, ToBytes("a packet")) ? 1 : 0;
    Answer(site, task, path.Full());
    return std::optional<uint32_t>();
  };
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  EXPECT_EQ(client.Ask("/now").body, "/now");
  EXPECT_EQ(sent, 0);
}

}  // namespace
}  // namespace switchboard
