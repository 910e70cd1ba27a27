// Workers hang and are replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <deque>
#include <fstream>
#include <string>

#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::ContainsRegex;
using Clock = std::chrono::steady_clock;

class CWatchdogTest : public CSystemTest {
 protected:
  static std::string PeerOf(const CTestClient& client) { return "127.0.0.1:" + std::to_string(client.LocalPort()); }
  static bool IsStopped(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("State:")) return line.find('T') != std::string::npos;
    }
    return false;
  }
};

TEST_F(CWatchdogTest, AStoppedWorkerIsReplacedAndTheOthersGoOn) {
  ExpectComplaint("has been stopped by a signal for 1 s");
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"server.watchdog_s=1", "server.workers=2"});
  const pid_t victim = server.WorkerPid(0);
  const pid_t other = server.WorkerPid(1);
  const Clock::time_point stoppedAt = Clock::now();
  kill(victim, SIGSTOP);
  EXPECT_TRUE(server.WaitForNewWorker(0, victim));
  // bench/faults.sh measures how soon; a busy machine may take its time here.
  EXPECT_GE(Clock::now() - stoppedAt, std::chrono::milliseconds(1000));
  EXPECT_LT(Clock::now() - stoppedAt, std::chrono::seconds(10));
  EXPECT_EQ(server.WorkerPid(1), other);
  for (int i = 0; i < 20; ++i) {
    CTestClient client(server.Port());
    ExpectServed(client);
  }
}

TEST_F(CWatchdogTest, AWorkerThatContinuesInTimeStays) {
  CServerProcess& server = StartWith({"server.watchdog_s=2"});
  const pid_t worker = server.WorkerPid();
  CTestClient client(server.Port());
  ExpectServed(client);
  kill(worker, SIGSTOP);
  ASSERT_TRUE(Eventually([worker] { return IsStopped(worker); }));
  ASSERT_TRUE(client.SendFrame(kTestBlock, Number(2500)));
  kill(worker, SIGCONT);
  // By the time that this is answered, the watchdog would have struck.
  EXPECT_EQ(NumberIn(Next(client)), 2500U);
  EXPECT_EQ(server.WorkerPid(), worker);
}

TEST_F(CWatchdogTest, AStuckHandlerIsReportedOnceAndTheWorkerGoesOn) {
  CServerProcess& server = StartWith({"server.watchdog_s=0.5", "business.threads=2"});
  const pid_t worker = server.WorkerPid();
  CTestClient stuck(server.Port());
  ASSERT_TRUE(stuck.SendFrame(kTestAwaitGate));
  ASSERT_TRUE(server.WaitForLog("has a stuck handler: sb-block-"));
  CTestClient client(server.Port());
  EXPECT_EQ(NumberIn(Ask(client, kTestBlock, 300)), 300U);
  const auto lines = server.LogLines("has a stuck handler");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], ContainsRegex(" at msgCode 24 from " + PeerOf(stuck) + " \\(session 1:[0-9]+:[0-9]+\\)"));
  Ask(client, kTestOpenGate);
  Next(stuck);
  EXPECT_EQ(server.WorkerPid(), worker);
}

TEST_F(CWatchdogTest, AWorkerWithoutAFreeBusinessThreadIsReplaced) {
  ExpectComplaint("has no business thread left, the last one to get stuck is sb-block-");
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"server.watchdog_s=0.5", "business.blocking_threads=2"});
  const pid_t worker = server.WorkerPid();
  std::deque<CTestClient> clients;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(clients.emplace_back(server.Port()).SendFrame(kTestAwaitGate));
  }
  EXPECT_TRUE(server.WaitForNewWorker(0, worker));
  for (CTestClient& client : clients) EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(server.CountInLog("has a stuck handler"), 2U);
  CTestClient client(server.Port());
  ExpectServed(client);
}

TEST_F(CWatchdogTest, AHandlerThatBlocksTheIoThreadIsNamedAndTheWorkerReplaced) {
  ExpectComplaint("hangs: sb-io at msgCode 27");
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"server.watchdog_s=0.5"});
  const pid_t worker = server.WorkerPid();
  CTestClient client(server.Port());
  // sb-io runs it only once the pool is done with the connection's opening.
  ASSERT_TRUE(Eventually([&] { return std::string_view(PlaceIn(Ask(client, kTestWhereInline)).thread) == "sb-io"; }));
  ASSERT_TRUE(client.SendFrame(kTestBlockInline, Number(100000)));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForNewWorker(0, worker));
  EXPECT_THAT(server.LogLines("hangs: ").at(0),
              ContainsRegex("worker process 0 \\([0-9]+\\) hangs: sb-io at msgCode 27 from " + PeerOf(client) +
                            " \\(session 1:[0-9]+:[0-9]+\\) has not moved for 0.5 s"));
  // The culprit is known, though the signal hit another thread.
  EXPECT_EQ(server.CountInLog("was killed by SIGABRT while handling msgCode 27 from " + PeerOf(client)), 1U);
}

TEST_F(CWatchdogTest, ASlowHandlerIsNamedWhileItRuns) {
  CServerProcess& server = StartWith({"log.slow_handler_ms=100"});
  CTestClient client(server.Port());
  ASSERT_TRUE(Eventually([&] { return std::string_view(PlaceIn(Ask(client, kTestWhereInline)).thread) == "sb-io"; }));
  ASSERT_TRUE(client.SendFrame(kTestBlockInline, Number(2000)));
  ASSERT_TRUE(server.WaitForLog("has a slow handler: sb-io at msgCode 27 from " + PeerOf(client)));
  EXPECT_EQ(NumberIn(Next(client)), 2000U);
  EXPECT_EQ(server.CountInLog("has a slow handler"), 1U);
}

TEST_F(CWatchdogTest, SlowHandlersOutliveThreeReplacements) {
  ExpectComplaint("hangs: sb-io at msgCode 27");
  ExpectComplaint("was killed by SIGABRT");
  ExpectComplaint("msgCode 27 was too slow for the watchdog in 3 workers within a minute and is quarantined for 1 min");
  CServerProcess& server = StartWith({"server.watchdog_s=0.3"});
  for (int i = 0; i < 3; ++i) {
    const pid_t worker = server.WorkerPid();
    CTestClient client(server.Port());
    ASSERT_TRUE(Eventually([&] { return std::string_view(PlaceIn(Ask(client, kTestWhereInline)).thread) == "sb-io"; }));
    ASSERT_TRUE(client.SendFrame(kTestBlockInline, Number(100000)));
    EXPECT_TRUE(client.WaitForClose());
    EXPECT_TRUE(server.WaitForNewWorker(0, worker));
  }
  CTestClient client(server.Port());
  ExpectReject(Ask(client, kTestBlockInline, 1), kTestBlockInline, ERejectReason::kQuarantined);
}

TEST_F(CWatchdogTest, AJobThatPostsItselfKeepsNobodyFromAnswersNorFromTheStop) {
  CServerProcess& server = StartWith({"business.threads=1"});
  CTestClient client(server.Port());
  Ask(client, kTestTorment, "post-forever");
  for (int i = 0; i < 100; ++i) ExpectServed(client);
  EXPECT_EQ(server.Stop(), 0);
}

TEST_F(CWatchdogTest, JobsBeyondThoseThatMayWaitAreRefusedAndCounted) {
  CServerProcess& server = StartWith({"business.threads=1", "business.queue_jobs=10"});
  CTestClient client(server.Port());
  // The one thread that could run them is the one that posts them.
  Ask(client, kTestTorment, "post-many");
  EXPECT_EQ(server.Count(ECounter::kJobsRefused), 990U);
  ExpectServed(client);
  EXPECT_NE(Order({"--status"}).output.find("jobs_refused=990"), std::string::npos);
}

}  // namespace
}  // namespace switchboard
