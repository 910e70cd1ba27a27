// How HTTP connections end: no answer is lost to the close, and who doesn't read costs little, and not for long.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "misc/thread/CThread.h"
#include "tests/system/CHttpSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

class CHttpEndTest : public CHttpSystemTest {
 protected:
  // Clients that ask again and again on connections that they keep, and connect anew when an answer says so. Requests
  // without an answer are lost; who is refused before it has asked has lost none.
  class CLoad {
   public:
    explicit CLoad(uint16_t port, size_t clients = 16) {
      for (size_t i = 0; i < clients; ++i) m_clients.emplace_back("asking", [this, port] { Ask(port); });
    }
    ~CLoad() { Stop(); }
    CLoad(const CLoad&) = delete;
    CLoad& operator=(const CLoad&) = delete;

    // How long each client looks at an answer before it asks again.
    void SetPause(std::chrono::milliseconds pause) { m_pause = pause; }
    bool WaitForAnswers(uint64_t more = 500 / kFewer) const {
      return Eventually([this, least = m_answered + more] { return m_answered >= least; });
    }
    // Waits until each client has been refused: nobody listens any more.
    bool WaitForRefusals() const {
      return Eventually([this] { return m_refused == m_clients.size(); });
    }
    void Stop() {
      m_isOver = true;
      m_clients.clear();
    }
    uint64_t Lost() const { return m_lost; }
    uint64_t Answered() const { return m_answered; }

   private:
    void Ask(uint16_t port) {
      std::optional<CHttpTestClient> client;
      while (!m_isOver) {
        try {
          if (!client) client.emplace(port);
        } catch (const std::system_error&) {
          ++m_refused;
          return;
        }
        const SHttpAnswer answer = client->Ask("/small.txt");
        ++(answer.status == 200 ? m_answered : m_lost);
        if (answer.status != 200 || answer.Field("connection") == "close") client.reset();
        if (m_pause.load().count() > 0) Eventually([this] { return m_isOver.load(); }, m_pause);
      }
    }

    std::atomic<uint64_t> m_answered{0};
    std::atomic<uint64_t> m_lost{0};
    std::atomic<uint64_t> m_refused{0};
    std::atomic<std::chrono::milliseconds> m_pause{};
    std::atomic<bool> m_isOver{false};
    std::deque<CThread> m_clients;
  };

  // From now on the file says so many.
  void ConfigureWorkers(size_t workers) const {
    const std::filesystem::path file = CServerProcess::WriteConfig(Folder());
    std::string text = ReadFile(file);
    text.insert(text.find("[server]\n") + 9, "workers = " + std::to_string(workers) + "\n");
    std::ofstream(file) << text;
  }
  bool WaitForWorkers(const CServerProcess& server, size_t workers) const {
    return Eventually([&] { return ChildrenOf(server.MasterPid()).size() == workers; });
  }
  pid_t NewMaster() const { return std::stoi("0" + ReadFile(Folder() / "switchboard.pid")); }
};

TEST_F(CHttpEndTest, NoRequestOnAKeptConnectionIsLostToReloads) {
  CServerProcess& server = Serve();
  CLoad load(server.Port());
  for (int i = 0; i < 5; ++i) {
    const pid_t before = server.WorkerPid();
    ASSERT_TRUE(load.WaitForAnswers());
    server.Signal(SIGHUP);
    EXPECT_TRUE(server.WaitForNewWorker(0, before));
  }
  EXPECT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Lost(), 0U) << "of " << load.Answered();
}

TEST_F(CHttpEndTest, NoRequestOnAKeptConnectionIsLostToFewerWorkers) {
  CServerProcess& server = Serve();
  CLoad load(server.Port());
  for (const size_t workers : {3U, 1U, 3U, 1U}) {
    ASSERT_TRUE(load.WaitForAnswers());
    ConfigureWorkers(workers);
    server.Signal(SIGHUP);
    EXPECT_TRUE(WaitForWorkers(server, workers));
  }
  EXPECT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Lost(), 0U) << "of " << load.Answered();
}

// One that the load has called, and that goes when the load does; the clients go on asking, at their leisure.
TEST_F(CHttpEndTest, NoRequestOnAKeptConnectionIsLostToARetiringWorker) {
  CServerProcess& server = Serve({"server.workers={min=1,max=2,load=0.05}"});
  CLoad load(server.Port());
  ASSERT_TRUE(server.WaitForLog("sb-io is busy: worker process 1 is added"));
  ASSERT_TRUE(WaitForWorkers(server, 2));
  // Those that come now are spread over both.
  CLoad later(server.Port());
  ASSERT_TRUE(later.WaitForAnswers());
  for (CLoad* p_load : {&load, &later}) p_load->SetPause(std::chrono::milliseconds(kIsSanitized ? 1000 : 200));
  EXPECT_TRUE(server.WaitForLog("sb-io is idle: worker process 1 retires"));
  EXPECT_TRUE(WaitForWorkers(server, 1));
  for (CLoad* p_load : {&load, &later}) {
    EXPECT_TRUE(p_load->WaitForAnswers(32));
    p_load->Stop();
    EXPECT_EQ(p_load->Lost(), 0U) << "of " << p_load->Answered();
  }
}

TEST_F(CHttpEndTest, NoRequestOnAKeptConnectionIsLostToUpgradesOrAStop) {
  CServerProcess& server = Serve();
  CLoad load(server.Port());
  pid_t master = server.MasterPid();
  for (size_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(load.WaitForAnswers());
    kill(master, SIGUSR2);
    ASSERT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave", i));
    ASSERT_TRUE(load.WaitForAnswers());
    kill(master, SIGQUIT);
    EXPECT_TRUE(i == 1 ? server.WaitForEnd() == 0 : Eventually([&] { return !StateOf(master).has_value(); }));
    master = NewMaster();
    ASSERT_GT(master, 0);
  }
  ASSERT_TRUE(load.WaitForAnswers());
  kill(master, SIGQUIT);
  EXPECT_TRUE(load.WaitForRefusals());
  load.Stop();
  EXPECT_EQ(load.Lost(), 0U) << "of " << load.Answered();
  EXPECT_TRUE(Eventually([this] { return ProcessesIn(Folder()).empty(); }));
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
