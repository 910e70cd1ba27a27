// Workers die and are replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

class CWorkerTest : public CSystemTest {
 protected:
  // Connects until each of two workers has at least `least` clients; [slot].
  static std::vector<std::deque<CTestClient>> ConnectToBoth(const CServerProcess& server, size_t least) {
    std::vector<std::deque<CTestClient>> clients(2);
    for (int i = 0; i < 1000 && std::min(clients[0].size(), clients[1].size()) < least; ++i) {
      CTestClient client(server.Port());
      const STestPlace place = PlaceIn(Ask(client, kTestWhere));
      clients.at(place.worker).push_back(std::move(client));
    }
    return clients;
  }
  // Milliseconds of the day at which a line was logged.
  static int64_t TimeOf(const std::string& line) {
    std::istringstream text(line);
    std::tm time{};
    text >> std::get_time(&time, "%Y-%m-%d %H:%M:%S");
    int milliseconds = 0;
    text.ignore() >> milliseconds;
    return ((time.tm_hour * 60 + time.tm_min) * 60 + time.tm_sec) * int64_t{1000} + milliseconds;
  }
};

TEST_F(CWorkerTest, TwoWorkersShareTheConnections) {
  CServerProcess& server = StartWith({"server.workers=2"});
  const auto clients = ConnectToBoth(server, 8);
  EXPECT_GE(clients[0].size(), 8U);
  EXPECT_GE(clients[1].size(), 8U);
  EXPECT_NE(server.WorkerPid(0), server.WorkerPid(1));
  EXPECT_EQ(server.Active(), clients[0].size() + clients[1].size());
  std::vector<pid_t> children = ChildrenOf(server.MasterPid());
  EXPECT_THAT(children, testing::UnorderedElementsAre(server.WorkerPid(0), server.WorkerPid(1)));
}

TEST_F(CWorkerTest, EachKnowsItsNumberWhichItsSuccessorHasToo) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.workers=2"});
  {
    auto clients = ConnectToBoth(server, 1);
    for (size_t slot = 0; slot < 2; ++slot) {
      EXPECT_EQ(Ask(clients[slot].front(), kTestAbout).Text(), "worker " + std::to_string(slot) + ", listener 0");
    }
  }
  const pid_t before = server.WorkerPid(1);
  kill(before, SIGKILL);
  ASSERT_TRUE(server.WaitForNewWorker(1, before));
  auto clients = ConnectToBoth(server, 1);
  EXPECT_EQ(Ask(clients[1].front(), kTestAbout).Text(), "worker 1, listener 0");
}

TEST_F(CWorkerTest, AKilledWorkerTakesOnlyItsOwnConnectionsAndIsReplaced) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.workers=2"});
  auto clients = ConnectToBoth(server, 4);
  ASSERT_TRUE(clients[0].front().SendFrame(kTestBlock, Number(60000)));
  ASSERT_TRUE(clients[0].back().SendFrame(kTestDeferForever));
  ASSERT_TRUE(
      Eventually([&] { return server.Count(ECounter::kPacketsEntered) - server.Count(ECounter::kPacketsLeft) == 2; }));
  const pid_t victim = server.WorkerPid(0);
  kill(victim, SIGKILL);
  for (CTestClient& client : clients[0]) EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForNewWorker(0, victim));
  for (CTestClient& client : clients[1]) ExpectServed(client);
  const size_t lost = clients[0].size();
  EXPECT_EQ(server.Count(ECloseReason::kWorkerLost), lost);
  EXPECT_EQ(server.Active(), clients[1].size());
  clients[0].clear();
  const auto more = ConnectToBoth(server, 2);
  EXPECT_GE(more[0].size(), 2U);
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("closed_worker_lost"), lost);
  EXPECT_EQ(server.Total("packets_discarded"), 2U);
}

TEST_F(CWorkerTest, TheOnlyWorkerIsReplacedAndNobodyWhoWaitedIsRefused) {
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"server.quarantine=false"});
  for (int i = 0; i < 3; ++i) {
    const pid_t before = server.WorkerPid();
    CTestClient client(server.Port());
    ASSERT_TRUE(client.SendFrame(kTestAbort));
    EXPECT_TRUE(client.WaitForClose());
    {
      // The listening socket outlives the worker: this waits in its queue.
      CTestClient early(server.Port());
      ASSERT_TRUE(early.SendFrame(kTestEcho, "early"));
      EXPECT_EQ(Next(early).Text(), "early");
    }
    EXPECT_TRUE(server.WaitForNewWorker(0, before));
    EXPECT_TRUE(server.WaitForActive(0));
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("closed_worker_lost"), 3U);
  EXPECT_EQ(server.Total("packets_discarded"), 3U);
}

// Kills a worker five times under a load of pool and inline packets; at its end each test compares the counters.
static void KillUnderLoad(CServerProcess& server) {
  Bytes bytes;
  for (int i = 0; i < 2000; ++i) Append(bytes, MakeFrame(i % 2 == 0 ? kTestEcho : kTestEchoInline, "work"));
  for (int round = 0; round < 5; ++round) {
    std::deque<CTestClient> clients;
    for (int i = 0; i < 4; ++i) clients.emplace_back(server.Port());
    for (CTestClient& client : clients) ASSERT_TRUE(client.SendRaw(bytes));
    EXPECT_TRUE(clients.front().ReceiveFrame().has_value());
    const pid_t before = server.WorkerPid();
    kill(before, SIGKILL);
    EXPECT_TRUE(server.WaitForNewWorker(0, before));
  }
}

TEST_F(CWorkerTest, AKillUnderLoadLeavesTheBooksBalanced) {
  ExpectComplaint("was killed by SIGKILL");
  KillUnderLoad(StartWith({"business.threads=2"}));
}

// What a connection sent beyond its share waits to be taken on, and isn't in the books before.
TEST_F(CWorkerTest, AKillWhileConnectionsAreAtTheirShareLeavesTheBooksBalanced) {
  ExpectComplaint("was killed by SIGKILL");
  KillUnderLoad(StartWith({"business.threads=2", "business.connection_packets=3"}));
}

TEST_F(CWorkerTest, AWorkerThatCrashesAtOnceIsReplacedSlowerAndSlower) {
  ExpectComplaint("was killed by SIGABRT");
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = Start();
  const pid_t before = server.WorkerPid();
  const std::filesystem::path crash = Folder() / kTestCrashFile;
  std::ofstream(crash).flush();
  kill(before, SIGKILL);
  // The line that has the worker's number, and not the one about who is to blame.
  ASSERT_TRUE(server.WaitForLog(") was killed by SIGABRT", 5));
  std::filesystem::remove(crash);
  EXPECT_TRUE(server.WaitForNewWorker(0, before));
  const std::vector<std::string> deaths = server.LogLines(") was killed by SIGABRT");
  // Between the deaths lie the waits: 0.1 s, 0.2 s, 0.4 s, 0.8 s; midnight may lie between them, too.
  constexpr int64_t kDay = 24 * 3600 * 1000;
  for (size_t i = 1; i < 5; ++i) {
    EXPECT_GE((TimeOf(deaths[i]) - TimeOf(deaths[i - 1]) + kDay) % kDay, (100 << (i - 1)) - 5) << i;
  }
  CTestClient client(server.Port());
  ExpectServed(client);
}

TEST_F(CWorkerTest, AWorkerThatSaysSoIsNotReplacedAndAnotherServesItsQueue) {
  ExpectComplaint("was killed by SIGKILL");
  ExpectComplaint("exited with code 78");
  ExpectComplaint("worker process 1 is not replaced: the next one would fail in the same way");
  CServerProcess& server = StartWith({"server.workers=2"});
  std::ofstream(Folder() / kTestRefuseFile).flush();
  kill(server.WorkerPid(1), SIGKILL);
  ASSERT_TRUE(server.WaitForLog("is not replaced"));
  EXPECT_EQ(ChildrenOf(server.MasterPid()).size(), 1U);
  std::deque<CTestClient> clients;
  for (int i = 0; i < 50; ++i) ExpectServed(clients.emplace_back(server.Port()));
}

TEST_F(CWorkerTest, AWorkerThatCrashesAtTheFirstStartStopsTheStart) {
  std::ofstream(Folder() / kTestCrashFile).flush();
  EXPECT_THROW(Start(), std::runtime_error);
  ExpectNoProcessLeft();
}

TEST_F(CWorkerTest, WhoServesTakesTheCoreFromHandlersThatBlockAndFromNobodyElse) {
  CServerProcess& server = StartWith({"business.threads=1"});
  const pid_t worker = server.WorkerPid();
  CTestClient client(server.Port());
  const auto isAfterAPacket = [&](std::string_view thread, int policy) {
    return Eventually([&] { return Ask(client, kTestWhere), PolicyOf(worker, thread) == policy; });
  };
  EXPECT_TRUE(isAfterAPacket("sb-io", SCHED_BATCH));
  EXPECT_TRUE(isAfterAPacket("sb-work-0", SCHED_BATCH));
  CTestClient blocking(server.Port());
  ASSERT_TRUE(blocking.SendFrame(kTestAwaitGate));
  EXPECT_TRUE(isAfterAPacket("sb-io", SCHED_OTHER));
  EXPECT_TRUE(isAfterAPacket("sb-work-0", SCHED_OTHER));
  Ask(client, kTestOpenGate);
  Next(blocking);
  EXPECT_TRUE(isAfterAPacket("sb-io", SCHED_BATCH));
  EXPECT_TRUE(isAfterAPacket("sb-work-0", SCHED_BATCH));
}

TEST_F(CWorkerTest, WorkersEndWhenTheMasterIsKilled) {
  ExpectComplaint("the master is dead");
  CServerProcess& server = StartWith({"server.workers=2", "protocol.goaway=false"});
  CTestClient client(server.Port());
  ExpectServed(client);
  ExpectLostMaster(server);
  kill(server.MasterPid(), SIGKILL);
  EXPECT_EQ(server.WaitForEnd(), 128 + SIGKILL);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(Eventually([&] { return ProcessesIn(Folder()).empty(); }));
  // What it left behind doesn't keep the next one from starting.
  CServerProcess& next = Start();
  CTestClient again(next.Port());
  ExpectServed(again);
}

}  // namespace
}  // namespace switchboard
