// Clients that wait to be accepted while their worker dies, or their server stops.
#include <gtest/gtest.h>
#include <signal.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "net/wire/Wire.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

class CQueueTest : public CSystemTest {
 protected:
  // So many clients that have asked something and are not accepted yet, for `workers` are frozen.
  static std::deque<CTestClient> Queue(const CServerProcess& server, const std::vector<pid_t>& workers, int count) {
    std::deque<CTestClient> clients;
    EXPECT_TRUE(Freeze(workers));
    for (int i = 0; i < count; ++i) EXPECT_TRUE(clients.emplace_back(server.Port()).SendFrame(kTestEcho, "patient"));
    return clients;
  }
  static size_t CountServed(std::deque<CTestClient>& clients) {
    size_t served = 0;
    for (CTestClient& client : clients) {
      std::optional<SReceivedFrame> frame = client.ReceiveFrame();
      if (frame && frame->msgCode == kGoAwayCode) frame = client.ReceiveFrame();
      served += frame && frame->Text() == "patient" ? 1 : 0;
      client.Close();
    }
    return served;
  }
  void ExpectStopServes(const std::string& accept);
};

TEST_F(CQueueTest, AThousandWhoWaitForAKilledWorkerAreAllServed) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.workers=2", "listener.0.backlog=1024"});
  const std::vector<pid_t> workers = ChildrenOf(server.MasterPid());
  std::deque<CTestClient> clients = Queue(server, workers, 1000);
  const pid_t victim = server.WorkerPid(0);
  kill(victim, SIGKILL);
  EXPECT_TRUE(server.WaitForNewWorker(0, victim));
  Thaw({server.WorkerPid(1)});
  EXPECT_EQ(CountServed(clients), clients.size());
  EXPECT_EQ(server.Count(ECloseReason::kWorkerLost), 0U);
}

void CQueueTest::ExpectStopServes(const std::string& accept) {
  CServerProcess& server = StartWith({"server.workers=2", "listener.0.backlog=1024", "listener.0.accept=" + accept});
  const std::vector<pid_t> workers = ChildrenOf(server.MasterPid());
  std::deque<CTestClient> clients = Queue(server, workers, 500);
  server.Signal(SIGQUIT);
  ASSERT_TRUE(server.WaitForLog("stopping after everything is answered"));
  Thaw(workers);
  EXPECT_EQ(CountServed(clients), clients.size());
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 0U);
}

TEST_F(CQueueTest, AGracefulStopServesThoseWhoWait) { ExpectStopServes("reuseport"); }
TEST_F(CQueueTest, AGracefulStopWithMutexServesThoseWhoWait) { ExpectStopServes("mutex"); }
TEST_F(CQueueTest, AGracefulStopWithDispatchServesThoseWhoWait) { ExpectStopServes("dispatch"); }

// The older binary has the same sockets, and must go on with them.
TEST_F(CQueueTest, ANewBinaryThatStopsTakesNobodyFromTheOlderOne) {
  CServerProcess& server = Start();
  server.Signal(SIGUSR2);
  ASSERT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave"));
  kill(std::stoi("0" + ReadFile(Folder() / "switchboard.pid")), SIGQUIT);
  ASSERT_TRUE(server.WaitForLog("has ended; this one goes on"));
  for (int i = 0; i < 20; ++i) {
    CTestClient client(server.Port());
    ExpectServed(client);
  }
}

}  // namespace
}  // namespace switchboard
