// Clients that wait to be accepted while their worker dies.
#include <gtest/gtest.h>
#include <signal.h>

#include <deque>
#include <vector>

#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using CQueueTest = CSystemTest;

TEST_F(CQueueTest, AThousandWhoWaitForAKilledWorkerAreAllServed) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.workers=2", "listener.0.backlog=1024"});
  const std::vector<pid_t> workers = ChildrenOf(server.MasterPid());
  ASSERT_TRUE(Freeze(workers));
  std::deque<CTestClient> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
  }
  const pid_t victim = server.WorkerPid(0);
  kill(victim, SIGKILL);
  EXPECT_TRUE(server.WaitForNewWorker(0, victim));
  Thaw({server.WorkerPid(1)});
  size_t served = 0;
  for (CTestClient& client : clients) served += Next(client).Text() == "patient" ? 1 : 0;
  EXPECT_EQ(served, clients.size());
  EXPECT_EQ(server.Count(ECloseReason::kWorkerLost), 0U);
}

}  // namespace
}  // namespace switchboard
