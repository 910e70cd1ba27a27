// The three ways to share the accept work: who gets whom, and that nobody is lost on the way.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/wire/Wire.h"
#include "tests/system/CSteadyLoad.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

class CAcceptTest : public CSystemTest {
 protected:
  CServerProcess& StartAccepting(const std::string& accept, std::vector<std::string> more = {}) {
    more.push_back("listener.0.accept=" + accept);
    return StartWith(std::move(more));
  }
  // Which worker serves this client.
  static uint32_t WorkerOf(CTestClient& client) { return PlaceIn(Ask(client, kTestWhere)).worker; }
  static std::map<uint32_t, size_t> SpreadOf(std::deque<CTestClient>& clients) {
    std::map<uint32_t, size_t> spread;
    for (CTestClient& client : clients) ++spread[WorkerOf(client)];
    return spread;
  }
  // Sends a client to the worker in `slot` whose sb-io it then holds up.
  static CTestClient HoldUp(const CServerProcess& server, uint32_t slot, uint32_t milliseconds = 100000) {
    while (true) {
      CTestClient client(server.Port());
      STestPlace place = PlaceIn(Ask(client, kTestWhereInline));
      if (place.worker != slot) continue;
      // It runs there only when nothing else of the connection waits or runs.
      while (std::string(place.thread) != "sb-io") place = PlaceIn(Ask(client, kTestWhereInline));
      client.SendFrame(kTestBlockInline, Number(milliseconds));
      return client;
    }
  }
  static bool Reload(const CServerProcess& server) {
    const size_t before = server.CountInLog("reloaded: ");
    server.Signal(SIGHUP);
    return server.WaitForLog("reloaded: ", before + 1);
  }
  // With another way to accept, and perhaps another address, in the configuration file.
  bool ReloadWith(const CServerProcess& server, const std::string& accept, const std::string& address = "127.0.0.1") {
    std::string text = ReadFile(CServerProcess::WriteConfig(Folder()));
    const std::string old = "\"127.0.0.1\"\n";
    text.replace(text.find(old), old.size(), '"' + address + "\"\naccept = \"" + accept + "\"\n");
    std::ofstream(Folder() / "switchboard.toml") << text;
    return Reload(server);
  }
  bool WaitForWorkers(const CServerProcess& server, size_t workers) const {
    return Eventually([&] { return ChildrenOf(server.MasterPid()).size() == workers; });
  }

  void ExpectServes(const std::string& accept) {
    CServerProcess& server = StartAccepting(accept, {"server.workers=4"});
    std::deque<CTestClient> clients;
    for (int i = 0; i < 100; ++i) ExpectServed(clients.emplace_back(server.Port()));
    EXPECT_EQ(server.Active(), 100U);
    EXPECT_GT(SpreadOf(clients).size(), 1U);
    clients.clear();
    EXPECT_TRUE(server.WaitForActive(0));
    for (int i = 0; i < 100; ++i) {
      CTestClient client(server.Port());
      ExpectServed(client);
    }
  }
  void ExpectReloadsLoseNobody(const std::string& accept);
  void ExpectUpgradeLosesNobody(const std::string& accept);
  void ExpectQueueOutlivesTheKilled(const std::string& accept);
};

TEST_F(CAcceptTest, ReusePortServes) { ExpectServes("reuseport"); }
TEST_F(CAcceptTest, MutexServes) { ExpectServes("mutex"); }
TEST_F(CAcceptTest, DispatchServes) { ExpectServes("dispatch"); }

void CAcceptTest::ExpectReloadsLoseNobody(const std::string& accept) {
  CServerProcess& server = StartAccepting(accept, {"server.workers=2"});
  CSteadyLoad load(server.Port(), kTestEcho);
  for (int i = 1; i <= (kIsSanitized ? 2 : 5); ++i) {
    ASSERT_TRUE(load.WaitForAnswers());
    ASSERT_TRUE(Reload(server));
    EXPECT_TRUE(WaitForWorkers(server, 2));
  }
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 0U);
}

TEST_F(CAcceptTest, ReloadsWithMutexLoseNobody) { ExpectReloadsLoseNobody("mutex"); }
TEST_F(CAcceptTest, ReloadsWithDispatchLoseNobody) { ExpectReloadsLoseNobody("dispatch"); }

void CAcceptTest::ExpectUpgradeLosesNobody(const std::string& accept) {
  CServerProcess& server = StartAccepting(accept, {"server.workers=2"});
  CSteadyLoad load(server.Port(), kTestEcho);
  ASSERT_TRUE(load.WaitForAnswers());
  server.Signal(SIGUSR2);
  ASSERT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave"));
  ASSERT_TRUE(load.WaitForAnswers());
  server.Signal(SIGQUIT);
  EXPECT_EQ(server.WaitForEnd(), 0);
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  const pid_t next = std::stoi("0" + ReadFile(Folder() / "switchboard.pid"));
  ASSERT_GT(next, 0);
  kill(next, SIGTERM);
  ExpectNoProcessLeft();
}

TEST_F(CAcceptTest, AnUpgradeWithMutexLosesNobody) { ExpectUpgradeLosesNobody("mutex"); }
TEST_F(CAcceptTest, AnUpgradeWithDispatchLosesNobody) { ExpectUpgradeLosesNobody("dispatch"); }

// From one way to another, with clients in all queues that there ever were.
TEST_F(CAcceptTest, TheWayChangesByReload) {
  CServerProcess& server = StartWith({"server.workers=2"});
  CSteadyLoad load(server.Port(), kTestEcho);
  for (const char* p_accept : {"mutex", "dispatch", "reuseport", "dispatch", "mutex", "reuseport"}) {
    ASSERT_TRUE(load.WaitForAnswers());
    ASSERT_TRUE(ReloadWith(server, p_accept));
    EXPECT_TRUE(WaitForWorkers(server, 2));
    std::deque<CTestClient> clients;
    for (int i = 0; i < 50; ++i) ExpectServed(clients.emplace_back(server.Port()));
  }
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
}

// The new worker has no listener to be dispatched to, and gets a client all the same.
TEST_F(CAcceptTest, WhoWaitsInTheMasterIsServedAfterDispatchHasEnded) {
  CServerProcess& server = StartWith({"server.workers=1", "pool.connections=1", "pool.max_connections=1"});
  ASSERT_TRUE(ReloadWith(server, "dispatch"));
  ASSERT_TRUE(WaitForWorkers(server, 1));
  CTestClient holder(server.Port());
  ExpectServed(holder);
  // The master finds it no later than it finds the order to reload.
  CTestClient waiting(server.Port());
  ASSERT_TRUE(waiting.SendFrame(kTestEcho, "patient"));
  ASSERT_TRUE(ReloadWith(server, "reuseport"));
  EXPECT_EQ(Next(waiting).Text(), "patient");
  EXPECT_EQ(Next(holder).msgCode, kGoAwayCode);
  holder.Close();
  EXPECT_TRUE(WaitForWorkers(server, 1));
  ExpectServed(waiting);
}

// What an old worker hands back belongs to a listener that the new ones don't have.
TEST_F(CAcceptTest, WhoWasOnTheWayWhenTheListenerWentIsRefused) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.workers=1"});
  ASSERT_TRUE(ReloadWith(server, "dispatch"));
  ASSERT_TRUE(WaitForWorkers(server, 1));
  const pid_t old = ChildrenOf(server.MasterPid()).front();
  CTestClient plug = HoldUp(server, 0);
  const size_t before = DescriptorsOf(server.MasterPid());
  std::deque<CTestClient> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server.Port());
  // They are on their way, and open in the master; of what the reload has left there, something may be closed.
  ASSERT_TRUE(Eventually([&] { return DescriptorsOf(server.MasterPid()) >= before + 10; }));
  ASSERT_TRUE(ReloadWith(server, "dispatch", "127.0.0.2"));
  kill(old, SIGKILL);
  EXPECT_TRUE(server.WaitForCount(ECounter::kConnectionsRefused, 1));
  for (CTestClient& client : clients) EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(plug.WaitForClose());
}

void CAcceptTest::ExpectQueueOutlivesTheKilled(const std::string& accept) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartAccepting(accept, {"server.workers=3", "listener.0.backlog=1024"});
  const std::vector<pid_t> workers = ChildrenOf(server.MasterPid());
  ASSERT_TRUE(Freeze(workers));
  std::deque<CTestClient> clients;
  for (int i = 0; i < 300; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
  }
  for (const pid_t pid : workers) kill(pid, SIGKILL);
  for (CTestClient& client : clients) ASSERT_EQ(Next(client).Text(), "patient");
  EXPECT_EQ(server.Count(ECloseReason::kWorkerLost), 0U);
}

TEST_F(CAcceptTest, WithMutexTheQueueOutlivesAllWorkers) { ExpectQueueOutlivesTheKilled("mutex"); }
TEST_F(CAcceptTest, WithDispatchTheQueueOutlivesAllWorkers) { ExpectQueueOutlivesTheKilled("dispatch"); }

// Whoever has the mutex at that moment, nobody who connects later is kept waiting by it.
TEST_F(CAcceptTest, WorkersThatAreKilledInAStormOfClientsLeaveTheMutex) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartAccepting("mutex", {"server.workers=4"});
  for (uint32_t round = 0; round < (kIsSanitized ? 3 : 10); ++round) {
    std::deque<CTestClient> clients;
    for (int i = 0; i < 60; ++i) clients.emplace_back(server.Port());
    const pid_t victim = server.WorkerPid(round % 4);
    kill(victim, SIGKILL);
    for (int i = 0; i < 20; ++i) ExpectServed(clients.emplace_back(server.Port()));
    EXPECT_TRUE(server.WaitForNewWorker(round % 4, victim));
  }
}

TEST_F(CAcceptTest, DispatchGivesToTheOneWithTheFewest) {
  CServerProcess& server = StartAccepting("dispatch", {"server.workers=4"});
  std::deque<CTestClient> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(server.Port());
  EXPECT_EQ(SpreadOf(clients), (std::map<uint32_t, size_t>{{0, 10}, {1, 10}, {2, 10}, {3, 10}}));
  for (CTestClient& client : clients) {
    if (WorkerOf(client) == 2) client.Close();
  }
  ASSERT_TRUE(server.WaitForActive(30));
  std::deque<CTestClient> more;
  for (int i = 0; i < 10; ++i) more.emplace_back(server.Port());
  EXPECT_EQ(SpreadOf(more), (std::map<uint32_t, size_t>{{2, 10}}));
}

TEST_F(CAcceptTest, WhatAKilledWorkerHasNotTakenGoesToAnother) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartAccepting("dispatch", {"server.workers=2"});
  const size_t before = DescriptorsOf(server.MasterPid());
  const pid_t victim = server.WorkerPid(0);
  CTestClient plug = HoldUp(server, 0);
  std::deque<CTestClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
  }
  // Half of them are on their way to the one that doesn't take them, and open in the master.
  ASSERT_TRUE(Eventually([&] { return server.Active() >= 20 && DescriptorsOf(server.MasterPid()) >= before + 15; }));
  kill(victim, SIGKILL);
  for (CTestClient& client : clients) ASSERT_EQ(Next(client).Text(), "patient");
  EXPECT_TRUE(server.WaitForNewWorker(0, victim));
  EXPECT_TRUE(plug.WaitForClose());
  clients.clear();
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_TRUE(Eventually([&] { return DescriptorsOf(server.MasterPid()) == before; }))
      << DescriptorsOf(server.MasterPid()) << " descriptors, not " << before;
}

TEST_F(CAcceptTest, AtItsEndTheServerServesWhomTheMasterHasPassedOn) {
  CServerProcess& server = StartAccepting("dispatch");
  const size_t before = DescriptorsOf(server.MasterPid());
  CTestClient plug = HoldUp(server, 0, 1000);
  std::deque<CTestClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
  }
  ASSERT_TRUE(Eventually([&] { return DescriptorsOf(server.MasterPid()) >= before + 20 || server.Active() == 21; }));
  server.Signal(SIGQUIT);
  for (CTestClient& client : clients) {
    SReceivedFrame frame = Next(client);
    if (frame.msgCode == kGoAwayCode) frame = Next(client);
    EXPECT_EQ(frame.Text(), "patient");
    client.Close();
  }
  plug.Close();
  EXPECT_EQ(server.WaitForEnd(), 0);
}

TEST_F(CAcceptTest, AStoppedWorkerGetsNobody) {
  CServerProcess& server = StartAccepting("dispatch", {"server.workers=2"});
  const pid_t stopped = server.WorkerPid(0);
  const size_t before = DescriptorsOf(server.MasterPid());
  ASSERT_TRUE(Freeze({stopped}));
  std::deque<CTestClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestWhere));
  }
  // All but those that it was sent before the master had heard of it.
  size_t served = 0;
  ASSERT_TRUE(server.WaitForActive(100) || server.Active() >= 68);
  served = server.Active();
  Thaw({stopped});
  for (CTestClient& client : clients) EXPECT_EQ(Next(client).body.size(), sizeof(STestPlace));
  EXPECT_GE(served, 68U);
  // And afterwards it gets its share again.
  std::deque<CTestClient> more;
  for (int i = 0; i < 40; ++i) more.emplace_back(server.Port());
  EXPECT_GE(SpreadOf(more)[0], 30U);
  EXPECT_TRUE(Eventually([&] { return DescriptorsOf(server.MasterPid()) == before; }));
}

TEST_F(CAcceptTest, WhoFindsAllWorkersFullIsServedWhenOneHasRoom) {
  for (const char* p_accept : {"dispatch", "mutex"}) {
    CServerProcess& server =
        StartAccepting(p_accept, {"server.workers=2", "pool.connections=2", "pool.max_connections=2"});
    std::deque<CTestClient> clients;
    for (int i = 0; i < 4; ++i) ExpectServed(clients.emplace_back(server.Port()));
    std::deque<CTestClient> waiting;
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back(server.Port());
      ASSERT_TRUE(waiting.back().SendFrame(kTestEcho, "patient"));
    }
    EXPECT_EQ(server.Active(), 4U);
    for (size_t i = 0; i < 4; ++i) {
      clients[i].Close();
      EXPECT_EQ(Next(waiting[i]).Text(), "patient");
    }
    EXPECT_EQ(server.Stop(), 0);
  }
}

// The clients that wait for a worker with room don't wait for one that ends.
TEST_F(CAcceptTest, AnEndlessWorkerIsReplacedAndTheQueueMovesOn) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server =
      StartAccepting("dispatch", {"server.workers=1", "pool.connections=1", "pool.max_connections=1"});
  CTestClient holder(server.Port());
  ExpectServed(holder);
  CTestClient waiting(server.Port());
  ASSERT_TRUE(waiting.SendFrame(kTestEcho, "patient"));
  const pid_t victim = server.WorkerPid();
  kill(victim, SIGKILL);
  EXPECT_EQ(Next(waiting).Text(), "patient");
  EXPECT_TRUE(holder.WaitForClose());
}

TEST_F(CAcceptTest, AMasterWithoutDescriptorsRestsAndGoesOn) {
  SServerOptions options;
  options.overrides = {"listener.0.accept=dispatch", "server.workers=1"};
  options.descriptors = 40;
  CServerProcess& server = Start(options);
  const size_t before = DescriptorsOf(server.MasterPid());
  std::deque<CTestClient> clients;
  // More than the worker has descriptors for: the others wait on their way, and in the kernel.
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
  }
  const auto isServed = [](CTestClient& client) {
    const std::optional<SReceivedFrame> answer = client.ReceiveFrame(std::chrono::milliseconds{0});
    return answer && answer->Text() == "patient";
  };
  // Who is served makes room. Not all in their order: some come back to the master.
  EXPECT_TRUE(Eventually([&] {
    std::erase_if(clients, isServed);
    return clients.empty();
  }));
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_TRUE(Eventually([&] { return DescriptorsOf(server.MasterPid()) == before; }));
}

// Whoever accepts, the operator hears of it, and nobody is lost.
TEST_F(CAcceptTest, WhoFindsNoDescriptorWaitsAndTheOperatorIsTold) {
  for (const char* p_accept : {"reuseport", "mutex", "dispatch"}) {
    SServerOptions options;
    options.overrides = {"server.workers=1", std::string("listener.0.accept=") + p_accept};
    options.descriptors = 40;
    CServerProcess& server = Start(options);
    std::deque<CTestClient> clients;
    for (int i = 0; i < 60; ++i) {
      clients.emplace_back(server.Port());
      ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
    }
    EXPECT_TRUE(server.WaitForCount(ECounter::kAcceptPauses, 1)) << p_accept;
    EXPECT_TRUE(server.WaitForLog("accepting rests: Too many open files")) << p_accept;
    const auto isServed = [](CTestClient& client) {
      const std::optional<SReceivedFrame> answer = client.ReceiveFrame(std::chrono::milliseconds{0});
      return answer && answer->Text() == "patient";
    };
    EXPECT_TRUE(Eventually([&] {
      std::erase_if(clients, isServed);
      return clients.empty();
    })) << p_accept;
    EXPECT_EQ(server.Count(ECounter::kConnectionsRefused), 0U);
    EXPECT_EQ(server.Stop(), 0);
  }
}

TEST_F(CAcceptTest, RestingWorkersLeaveTheClientsInTheQueue) {
  for (const char* p_accept : {"dispatch", "mutex"}) {
    CServerProcess& server = StartAccepting(p_accept, {"server.workers=2"});
    server.Signal(SIGWINCH);
    ASSERT_TRUE(WaitForWorkers(server, 0));
    std::deque<CTestClient> clients;
    for (int i = 0; i < 20; ++i) {
      clients.emplace_back(server.Port());
      ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
    }
    ASSERT_TRUE(Reload(server));
    for (CTestClient& client : clients) EXPECT_EQ(Next(client).Text(), "patient");
    EXPECT_EQ(server.Stop(), 0);
  }
}

}  // namespace
}  // namespace switchboard
