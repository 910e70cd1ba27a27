// business.mode = "process_pool": each worker serves one client at a time, and the master has the others wait.
#include <gtest/gtest.h>
#include <signal.h>

#include <deque>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

class CProcessPoolTest : public CSystemTest {
 protected:
  // Without GoAway, so that each frame is an answer.
  CServerProcess& StartPool(const std::string& workers, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"listener.0.accept=dispatch", "business.mode=process_pool", "server.workers=" + workers,
                             "protocol.goaway=false"});
    return StartWith(std::move(more));
  }
  // Clients that are served, each by a worker of its own.
  static std::deque<CTestClient> Occupy(const CServerProcess& server, size_t workers) {
    std::deque<CTestClient> clients;
    while (clients.size() < workers) ExpectServed(clients.emplace_back(server.Port()));
    return clients;
  }
  // One who has asked, and waits for a worker.
  static CTestClient Wait(const CServerProcess& server) {
    CTestClient client(server.Port());
    EXPECT_TRUE(client.SendFrame(kTestEcho, "patient"));
    return client;
  }
  static bool IsServed(CTestClient& client) { return Next(client).Text() == "patient"; }
  // One whose request its worker has in hand, for a while.
  static CTestClient BeginWork(const CServerProcess& server) {
    CTestClient client(server.Port());
    ExpectServed(client);
    EXPECT_TRUE(client.SendFrame(kTestBlock, Number(500)));
    EXPECT_TRUE(Eventually([&] {
      return server.Count(ECounter::kPacketsEntered) - server.Count(ECounter::kPacketsLeft) > 0 ||
             server.Count(ECounter::kPacketsReplied) > 1;
    }));
    return client;
  }
  static bool Reload(const CServerProcess& server) {
    server.Signal(SIGHUP);
    return server.WaitForLog("reloaded: ");
  }
  void ExpectStopFinishes(int signal);
};

TEST_F(CProcessPoolTest, AWorkerServesOneClientAtATime) {
  CServerProcess& server = StartPool("2");
  std::deque<CTestClient> clients = Occupy(server, 2);
  const uint32_t first = PlaceIn(Ask(clients[0], kTestWhere)).worker;
  EXPECT_NE(first, PlaceIn(Ask(clients[1], kTestWhere)).worker);
  CTestClient third(server.Port());
  ASSERT_TRUE(third.SendFrame(kTestWhere));
  for (size_t i = 0; i < 20; ++i) ExpectServed(clients[i % 2]);
  EXPECT_EQ(server.Count(ECounter::kConnectionsAccepted), 2U);
  clients[0].Close();
  EXPECT_EQ(PlaceIn(Next(third)).worker, first);
}

TEST_F(CProcessPoolTest, NeverTwoInAStormOfClients) {
  CServerProcess& server = StartPool("3");
  std::vector<CThread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back("test-client", [&server] {
      for (int n = 0; n < (kIsSanitized ? 10 : 50); ++n) {
        CTestClient client(server.Port());
        EXPECT_EQ(NumberIn(Ask(client, kTestCrowd)), 1U);
      }
    });
  }
  for (CThread& thread : threads) thread.Join();
  EXPECT_EQ(server.Count(ECounter::kConnectionsRefused), 0U);
}

TEST_F(CProcessPoolTest, EverythingRunsOnTheOneBusinessThread) {
  CServerProcess& server = StartPool("1");
  CTestClient client(server.Port());
  for (int i = 0; i < 10; ++i) {
    EXPECT_STREQ(PlaceIn(Ask(client, kTestWhere)).thread, "sb-work-0");
    EXPECT_STREQ(PlaceIn(Ask(client, kTestWhereInline)).thread, "sb-work-0");
  }
}

TEST_F(CProcessPoolTest, WhoWaitsIsServedInTheOrderOfComing) {
  CServerProcess& server = StartPool("1");
  std::deque<CTestClient> holder = Occupy(server, 1);
  std::deque<CTestClient> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(Wait(server));
  holder.clear();
  for (uint64_t i = 0; i < waiting.size(); ++i) {
    EXPECT_TRUE(IsServed(waiting[i]));
    // There is one place, which this one has, so the later ones can't have been before.
    EXPECT_EQ(server.Count(ECounter::kConnectionsAccepted), i + 2);
    waiting[i].Close();
  }
}

TEST_F(CProcessPoolTest, BeyondTheQueueTheyAreRefused) {
  CServerProcess& server = StartPool("1", {"business.queue_clients=2"});
  std::deque<CTestClient> holder = Occupy(server, 1);
  CTestClient first = Wait(server);
  CTestClient second = Wait(server);
  CTestClient third(server.Port());
  EXPECT_TRUE(third.WaitForReset());
  EXPECT_EQ(server.Count(ECounter::kConnectionsRefused), 1U);
  holder.clear();
  EXPECT_TRUE(IsServed(first));
  first.Close();
  EXPECT_TRUE(IsServed(second));
}

TEST_F(CProcessPoolTest, WhoHasGoneKeepsNobodysPlace) {
  CServerProcess& server = StartPool("1", {"business.queue_clients=4"});
  std::deque<CTestClient> holder = Occupy(server, 1);
  for (int i = 0; i < 2; ++i) {
    CTestClient(server.Port()).Rst();
    CTestClient(server.Port()).Close();
  }
  CTestClient first = Wait(server);
  // Who has asked, and says that this is all, waits for the answer.
  first.ShutdownWrite();
  std::deque<CTestClient> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(Wait(server));
  CTestClient fifth(server.Port());
  EXPECT_TRUE(fifth.WaitForReset());
  EXPECT_EQ(server.Count(ECounter::kConnectionsRefused), 1U);
  holder.clear();
  EXPECT_TRUE(IsServed(first));
  for (CTestClient& client : waiting) {
    EXPECT_TRUE(IsServed(client));
    client.Close();
  }
}

TEST_F(CProcessPoolTest, WithoutAQueueWhoComesIsServedOrRefused) {
  CServerProcess& server = StartPool("1", {"business.queue_clients=0"});
  for (uint64_t i = 1; i <= 3; ++i) {
    CTestClient served(server.Port());
    // Until the master has heard that the one before has gone.
    while (!served.SendFrame(kTestEcho, "me") || !served.ReceiveFrame()) served = CTestClient(server.Port());
    const uint64_t before = server.Count(ECounter::kConnectionsRefused);
    CTestClient refused(server.Port());
    EXPECT_TRUE(refused.WaitForReset());
    EXPECT_EQ(server.Count(ECounter::kConnectionsRefused), before + 1);
    ExpectServed(served);
  }
}

TEST_F(CProcessPoolTest, ItGrowsWhileSomebodyWaitsUpToItsMost) {
  CServerProcess& server = StartPool("{min=1,max=3}");
  std::deque<CTestClient> clients = Occupy(server, 3);
  EXPECT_EQ(server.Active(), 3U);
  EXPECT_EQ(server.CountInLog("a client waits: worker process "), 2U);
  CTestClient fourth = Wait(server);
  for (size_t i = 0; i < 30; ++i) ExpectServed(clients[i % 3]);
  EXPECT_EQ(ChildrenOf(server.MasterPid()).size(), 3U);
  EXPECT_EQ(server.Active(), 3U);
  clients.pop_front();
  EXPECT_TRUE(IsServed(fourth));
}

TEST_F(CProcessPoolTest, ItShrinksAfterAnIdleTimeAndGrowsAgain) {
  CServerProcess& server = StartPool("{min=1,max=2}");
  std::deque<CTestClient> clients = Occupy(server, 2);
  clients.pop_back();
  EXPECT_TRUE(server.WaitForActive(1));
  clients.clear();
  ASSERT_TRUE(server.WaitForLog("workers are idle: worker process 1 retires"));
  EXPECT_TRUE(Eventually([&] { return ChildrenOf(server.MasterPid()).size() == 1; }));
  Occupy(server, 2);
  EXPECT_EQ(server.CountInLog("a client waits: worker process 1 is added"), 2U);
}

TEST_F(CProcessPoolTest, ABusyWorkerThatDiesTakesItsOwnClientOnly) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartPool("2");
  std::deque<CTestClient> clients = Occupy(server, 2);
  CTestClient waiting = Wait(server);
  const uint32_t victim = PlaceIn(Ask(clients[0], kTestWhere)).worker;
  const pid_t before = server.WorkerPid(victim);
  ASSERT_TRUE(clients[0].SendFrame(kTestBlock, Number(60000)));
  kill(before, SIGKILL);
  EXPECT_TRUE(clients[0].WaitForClose());
  EXPECT_TRUE(IsServed(waiting));
  ExpectServed(clients[1]);
  EXPECT_TRUE(server.WaitForNewWorker(victim, before));
  EXPECT_EQ(server.Count(ECloseReason::kWorkerLost), 1U);
}

TEST_F(CProcessPoolTest, AReloadLetsTheBusyFinishAndServesWhoWaits) {
  CServerProcess& server = StartPool("1");
  CTestClient busy = BeginWork(server);
  CTestClient waiting = Wait(server);
  ASSERT_TRUE(Reload(server));
  EXPECT_TRUE(IsServed(waiting));
  EXPECT_EQ(NumberIn(Next(busy)), 500U);
  busy.Close();
  EXPECT_TRUE(Eventually([&] { return ChildrenOf(server.MasterPid()).size() == 1; }));
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 0U);
}

void CProcessPoolTest::ExpectStopFinishes(int signal) {
  CServerProcess& server = StartPool("1");
  CTestClient busy = BeginWork(server);
  CTestClient waiting = Wait(server);
  server.Signal(signal);
  EXPECT_EQ(NumberIn(Next(busy)), 500U);
  EXPECT_TRUE(waiting.WaitForClose());
  busy.Close();
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 0U);
}

TEST_F(CProcessPoolTest, SigIntFinishesTheRequestInHand) { ExpectStopFinishes(SIGINT); }
TEST_F(CProcessPoolTest, SigQuitFinishesTheRequestInHand) { ExpectStopFinishes(SIGQUIT); }

TEST_F(CProcessPoolTest, SigTermDoesNotWait) {
  CServerProcess& server = StartPool("1");
  CTestClient busy(server.Port());
  ExpectServed(busy);
  ASSERT_TRUE(busy.SendFrame(kTestDeferForever));
  server.Signal(SIGTERM);
  EXPECT_TRUE(busy.WaitForClose());
  EXPECT_EQ(server.WaitForEnd(), 0);
}

}  // namespace
}  // namespace switchboard
