// How HTTP connections end: no answer is lost to the close, and who doesn't read costs little, and not for long.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"
#include "tests/system/CHttpSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

class CHttpEndTest : public CHttpSystemTest {
 protected:
  // Clients that ask again and again on connections that they keep, and connect anew when an answer says so; until
  // `isOver`. Requests without an answer are lost.
  struct SLoad {
    std::atomic<uint64_t> answered{0};
    std::atomic<uint64_t> lost{0};
    std::atomic<bool> isOver{false};
  };
  static void Ask(uint16_t port, SLoad& load) {
    std::optional<CHttpTestClient> client;
    while (!load.isOver) {
      if (!client) client.emplace(port);
      const SHttpAnswer answer = client->Ask("/small.txt");
      ++(answer.status == 200 ? load.answered : load.lost);
      if (answer.status != 200 || answer.Field("connection") == "close") client.reset();
    }
  }
};

TEST_F(CHttpEndTest, NoRequestOnAKeptConnectionIsLostToReloads) {
  CServerProcess& server = Serve();
  SLoad load;
  {
    std::vector<CThread> clients;
    for (int i = 0; i < 16; ++i) clients.emplace_back("asking", [&] { Ask(server.Port(), load); });
    for (int i = 0; i < 5; ++i) {
      const pid_t before = server.WorkerPid();
      const uint64_t answered = load.answered;
      server.Signal(SIGHUP);
      EXPECT_TRUE(server.WaitForNewWorker(0, before));
      EXPECT_TRUE(Eventually([&] { return load.answered > answered + 500 / kFewer; }));
    }
    load.isOver = true;
  }
  EXPECT_EQ(load.lost, 0U) << "of " << load.answered;
}

TEST_F(CHttpEndTest, AnIdleConnectionHasAMomentForOneMoreRequest) {
  CServerProcess& server = Serve();
  CHttpTestClient asking(server.Port());
  CHttpTestClient idle(server.Port());
  for (CHttpTestClient* p_client : {&asking, &idle}) EXPECT_EQ(p_client->Ask("/small.txt").status, 200);
  server.Signal(SIGQUIT);
  ASSERT_TRUE(server.WaitForLog("stopping after everything is answered"));
  // The worker hears of it a moment after the log does; until then it promises to go on.
  SHttpAnswer answer = asking.Ask("/small.txt");
  while (answer.status == 200 && answer.Field("connection").empty()) answer = asking.Ask("/small.txt");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Field("connection"), "close");
  EXPECT_TRUE(asking.IsClosed());
  EXPECT_TRUE(idle.IsClosed());
  EXPECT_EQ(server.WaitForEnd(), 0);
}

// The client sends all before it reads, and the server refuses it at its head.
TEST_F(CHttpEndTest, TheAnswerToWhatIsTooLargeIsNotLostToTheClose) {
  CServerProcess& server = Serve({"listener.0.body_bytes=1000"});
  const std::string body(5000000, 'x');
  const std::string request = CHttpTestClient::Request("POST", "/small.txt", "Content-Length: 5000000\r\n") + body;
  for (uint32_t i = 0; i < 100 / kFewer; ++i) {
    CHttpTestClient client(server.Port());
    ASSERT_TRUE(client.Send(request)) << i;
    ASSERT_EQ(client.Receive().status, 413) << i;
  }
  EXPECT_TRUE(server.WaitForActive(0));
}

TEST_F(CHttpEndTest, WhoNeverStopsSendingIsNotWaitedForAtTheEnd) {
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  ASSERT_TRUE(client.Send("nonsense\r\n\r\n"));
  EXPECT_EQ(client.Receive().status, 400);
  // It hears of the end, but doesn't end; the server does all the same.
  EXPECT_TRUE(client.IsClosed());
  ASSERT_TRUE(client.Send("more"));
  EXPECT_EQ(server.Stop(), 0);
}

TEST_F(CHttpEndTest, WhoAsksAndNeverReadsIsResetAtTheFirstLook) {
  CServerProcess& server = Serve({"listener.0.idle_timeout_s=2"});
  std::string requests;
  for (int i = 0; i < 25000; ++i) requests += CHttpTestClient::Request("GET", "/small.txt");
  CTestClient client(server.Port(), 4096);
  client.SendRaw(std::as_bytes(std::span(requests)), std::chrono::milliseconds(300));
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kTooSlow, 1));
  EXPECT_TRUE(client.WaitForReset());
}

}  // namespace
}  // namespace switchboard
