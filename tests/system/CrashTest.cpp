// Workers crash, and the master finds out why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "misc/CFrameRecord.h"
#include "misc/thread/CThread.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::ContainsRegex;
using testing::SizeIs;

class CCrashTest : public CSystemTest {
 protected:
  std::vector<std::filesystem::path> Records() const {
    std::vector<std::filesystem::path> records;
    for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
      if (entry.path().extension() == ".sbr") records.push_back(entry.path());
    }
    std::sort(records.begin(), records.end());
    return records;
  }
  // Has a client kill the worker; returns when the next one serves.
  static void Crash(const CServerProcess& server, std::string_view body = {}) {
    const pid_t before = server.WorkerPid();
    CTestClient client(server.Port());
    ASSERT_TRUE(client.SendFrame(kTestAbort, body));
    EXPECT_TRUE(client.WaitForClose());
    EXPECT_TRUE(server.WaitForNewWorker(0, before));
  }
};

TEST_F(CCrashTest, TheDeadlyPacketIsNamedAndSaved) {
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"business.threads=3"});
  CTestClient bystander(server.Port());
  ASSERT_TRUE(bystander.SendFrame(kTestAwaitGate, "bystander"));
  ASSERT_TRUE(server.WaitForHandlers(1));
  const pid_t before = server.WorkerPid();
  CTestClient client(server.Port());
  const std::string peer = "127.0.0.1:" + std::to_string(client.LocalPort());
  ASSERT_TRUE(client.SendFrame(kTestAbort, "poison"));
  EXPECT_TRUE(client.WaitForClose());
  ASSERT_TRUE(server.WaitForNewWorker(0, before));

  const auto lines = server.LogLines("worker process 0 was killed by SIGABRT while handling");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], ContainsRegex("while handling msgCode 41 from " + peer +
                                      " \\(session 1:[0-9]+:[0-9]+\\): 000e0029[0-9a-f]{8}706f69736f6e; "
                                      "saved as switchboard-crash-[0-9TZ]+-" +
                                      std::to_string(before) + "-sb-work-[0-2]\\.sbr"));
  EXPECT_THAT(server.LogLines("when SIGABRT killed it: msgCode 24 from "), SizeIs(1));

  const std::string file = lines[0].substr(lines[0].find("switchboard-crash-"));
  const std::string bytes = ReadFile(Folder() / file);
  CFrameRecord record(std::as_bytes(std::span(bytes)));
  const auto frame = record.Next();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(Bytes(frame->bytes.begin(), frame->bytes.end()), MakeFrame(kTestAbort, "poison"));
  // It does so again.
  const pid_t next = server.WorkerPid();
  CTestClient replay(server.Port());
  ASSERT_TRUE(replay.SendRaw(frame->bytes));
  EXPECT_TRUE(replay.WaitForClose());
  EXPECT_TRUE(server.WaitForNewWorker(0, next));
}

TEST_F(CCrashTest, WhatKillsThreeWorkersIsQuarantined) {
  ExpectComplaint("was killed by SIGABRT");
  ExpectComplaint("msgCode 41 has killed 3 workers within a minute and is quarantined");
  CServerProcess& server = Start();
  for (int i = 0; i < 3; ++i) Crash(server);
  const pid_t worker = server.WorkerPid();
  CTestClient client(server.Port());
  for (int i = 0; i < 5; ++i) ExpectReject(Ask(client, kTestAbort), kTestAbort, ERejectReason::kQuarantined);
  ExpectServed(client);
  EXPECT_EQ(server.Count(ERejectReason::kQuarantined), 5U);
  EXPECT_EQ(server.WorkerPid(), worker);
}

TEST_F(CCrashTest, TheQuarantineCanBeSwitchedOff) {
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"server.quarantine=false"});
  for (int i = 0; i < 4; ++i) Crash(server);
}

TEST_F(CCrashTest, AKillFromOutsideBlamesNobody) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = Start();
  for (int i = 0; i < 3; ++i) {
    const pid_t before = server.WorkerPid();
    CTestClient client(server.Port());
    ASSERT_TRUE(client.SendFrame(kTestAwaitGate));
    ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, static_cast<uint64_t>(i) + 1));
    kill(before, SIGKILL);
    EXPECT_TRUE(server.WaitForNewWorker(0, before));
  }
  EXPECT_EQ(server.CountInLog("while handling"), 0U);
  CTestClient gate(server.Port());
  Ask(gate, kTestOpenGate);
  EXPECT_EQ(Ask(gate, kTestAwaitGate, "still served").Text(), "still served");
}

TEST_F(CCrashTest, ADrainingOrphanDoesNotBlockARestart) {
  ExpectComplaint("the master is dead");
  CServerProcess& server = StartWith({"server.shutdown_timeout_s=600"});
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendFrame(kTestAwaitGate));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 1));
  ExpectLostMaster(server);
  const pid_t orphan = server.WorkerPid();
  kill(server.MasterPid(), SIGKILL);
  EXPECT_EQ(server.WaitForEnd(), 128 + SIGKILL);
  CServerProcess& next = StartWith({"listener.0.port=" + std::to_string(server.Port())});
  EXPECT_TRUE(StateOf(orphan).has_value()) << "it has ended before it could have been in the way";
  CTestClient again(next.Port());
  ExpectServed(again);
  kill(orphan, SIGKILL);
  EXPECT_TRUE(client.WaitForClose());
}

// While a packet runs whose handler is healthy.
TEST_F(CCrashTest, WhatDiesInAHookATimerOrAJobIsNamedAndNoPacketIsBlamed) {
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"business.threads=3"});
  const std::vector<std::pair<std::string, std::string>> cases{{"disconnect", "OnDisconnect of 127.0.0.1:"},
                                                               {"job", "a timer or a posted function in sb-work-"},
                                                               {"timer", "a timer or a posted function in sb-work-"}};
  for (int round = 0; round < 2; ++round) {
    for (const auto& [how, name] : cases) {
      const pid_t before = server.WorkerPid();
      CTestClient bystander(server.Port());
      ASSERT_TRUE(bystander.SendFrame(kTestAwaitGate));
      ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, server.Count(ECounter::kPacketsLeft) + 1));
      {
        CTestClient client(server.Port());
        ASSERT_TRUE(client.SendFrame(kTestTorment, how));
        if (how == "disconnect") {
          EXPECT_TRUE(client.ReceiveFrame().has_value());
        }
      }
      ASSERT_TRUE(server.WaitForNewWorker(0, before)) << how;
      EXPECT_GT(server.CountInLog("worker process 0 was killed by SIGABRT in " + name), 0U) << how;
    }
  }
  EXPECT_EQ(server.CountInLog("while handling"), 0U);
  EXPECT_EQ(server.CountInLog("quarantined"), 0U);
}

TEST_F(CCrashTest, WhatDiesInOnLostIsNamed) {
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"server.workers=2"});
  const pid_t survivor = server.WorkerPid(1);
  const pid_t victim = server.WorkerPid(0);
  bool isSet = false;
  for (int i = 0; i < 1000 && !isSet; ++i) {
    CTestClient client(server.Port());
    if (PlaceIn(Ask(client, kTestWhere)).worker != 1) continue;
    Ask(client, kTestTorment, "lost");
    isSet = true;
  }
  ASSERT_TRUE(isSet);
  kill(victim, SIGABRT);
  ASSERT_TRUE(server.WaitForNewWorker(1, survivor));
  EXPECT_TRUE(server.WaitForLog("worker process 1 was killed by SIGABRT in OnLost in sb-work-"));
}

TEST_F(CCrashTest, WhatNobodyCaughtIsToldByTheMaster) {
  ExpectComplaint("was killed by SIGABRT: nobody caught what test-rogue threw: astray");
  ExpectComplaint("was killed by SIGABRT: it ran out of memory in test-rogue (std::bad_alloc)");
  AllowComplaint("was killed by SIGABRT");
  CServerProcess& server = Start();
  for (const char* const p_how : {"astray", "no-memory"}) {
    const pid_t before = server.WorkerPid();
    CTestClient client(server.Port());
    ASSERT_TRUE(client.SendFrame(kTestTorment, p_how));
    EXPECT_TRUE(client.WaitForClose());
    ASSERT_TRUE(server.WaitForNewWorker(0, before)) << p_how;
  }
}

// Clients that don't read, and no ceiling but that of the system.
TEST_F(CCrashTest, AWorkerThatRunsOutOfMemoryIsNamedAndNobodyIsBlamed) {
  if (kIsSanitized) {
    RecordProperty("out_of_memory", "not tested");
    std::cout << "a sanitizer takes more address space than can be limited: running out of memory was not tested\n";
    return;
  }
  ExpectComplaint("was killed by SIGABRT: it ran out of memory in ");
  AllowComplaint("threw");
  CServerProcess& server =
      StartWith({"limits.total_bytes=0", "limits.send_queue_bytes=67108864", "limits.recv_pause_bytes=33554432",
                 "business.threads=1", "business.blocking_threads=1"});
  const pid_t before = server.WorkerPid();
  const auto state = StateOf(before);
  ASSERT_TRUE(state.has_value());
  const rlimit limit{state->virtualBytes + 16 * 1024 * 1024, RLIM_INFINITY};
  ASSERT_EQ(prlimit(before, RLIMIT_AS, &limit, nullptr), 0);
  std::deque<CTestClient> clients;
  for (int i = 0; i < 300 && server.CountInLog("it ran out of memory") == 0; ++i) {
    CTestClient& client = clients.emplace_back(server.Port(), 4096);
    for (int k = 0; k < 200; ++k) {
      if (!client.SendFrame(kTestBig, Number(60000))) break;
    }
  }
  EXPECT_TRUE(server.WaitForLog("it ran out of memory in "));
  EXPECT_TRUE(server.WaitForNewWorker(0, before));
  EXPECT_EQ(server.CountInLog("while handling"), 0U);
}

TEST_F(CCrashTest, ExitInAHandlerIsACrashOfItsCode) {
  ExpectComplaint("exit was called in a worker");
  ExpectComplaint("was killed by SIGABRT while handling msgCode " + std::to_string(kTestTorment));
  AllowComplaint("was killed by SIGABRT");
  AllowComplaint("unknown_code");
  CServerProcess& server = StartWith({"business.threads=1"});
  const pid_t before = server.WorkerPid();
  CTestClient client(server.Port());
  // A thread that has logged before has things of the log that exit destroys.
  ASSERT_TRUE(client.SendFrame(kTestUnknown, "is logged"));
  ASSERT_TRUE(client.SendFrame(kTestTorment, "exit"));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForNewWorker(0, before));
}

// The identities hold all the same, which the end of the test checks.
TEST_F(CCrashTest, AWorkerThatEndsWithoutAWordIsWrittenOff) {
  CServerProcess& server = Start();
  const pid_t before = server.WorkerPid();
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendFrame(kTestTorment, "_exit"));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForNewWorker(0, before));
  EXPECT_EQ(server.Count(ECloseReason::kWorkerLost), 1U);
}

TEST_F(CCrashTest, AReloadThatFailsKeepsTheQuarantine) {
  ExpectComplaint("was killed by SIGABRT");
  ExpectComplaint("msgCode 41 has killed 3 workers within a minute and is quarantined");
  ExpectComplaint("the reload failed");
  AllowComplaint("cannot start");
  AllowComplaint("is not replaced");
  CServerProcess& server = Start();
  for (int i = 0; i < 3; ++i) Crash(server);
  std::ofstream(Folder() / kTestRefuseFile).flush();
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("the reload failed"));
  CTestClient client(server.Port());
  ExpectReject(Ask(client, kTestAbort), kTestAbort, ERejectReason::kQuarantined);
  std::filesystem::remove(Folder() / kTestRefuseFile);
  const std::string old = std::to_string(server.WorkerPid());
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("reloaded: "));
  client.Close();
  ASSERT_TRUE(server.WaitForLog("worker process 0 (" + old + ") exited"));
  Crash(server);
}

TEST_F(CCrashTest, TheOthersAndTheNextWorkerHearOfALostOne) {
  ExpectComplaint("was killed by SIGABRT");
  CServerProcess& server = StartWith({"server.workers=3"});
  CTestClient client(server.Port());
  const pid_t before = server.WorkerPid(PlaceIn(Ask(client, kTestWhere)).worker);
  const uint32_t slot = PlaceIn(Ask(client, kTestWhere)).worker;
  const std::string session = Ask(client, kTestSession).Text();
  ASSERT_TRUE(client.SendFrame(kTestAbort));
  ASSERT_TRUE(server.WaitForNewWorker(slot, before));
  const std::string line = "OnLost of process " + session.substr(0, session.find(':')) + " in ";
  ASSERT_TRUE(server.WaitForLog(line, 3));
  for (uint32_t worker = 0; worker < 3; ++worker) {
    EXPECT_EQ(server.CountInLog(line + std::to_string(server.WorkerPid(worker))), 1U) << worker;
  }
}

// The orphan is held until the next server has found the address in use.
TEST_F(CCrashTest, ARestartWaitsForOrphansThatHaveNotNoticedYet) {
  ExpectComplaint("the master is dead");
  CServerProcess& server = Start();
  ExpectLostMaster(server);
  const pid_t orphan = server.WorkerPid();
  ASSERT_TRUE(Freeze({orphan}));
  kill(server.MasterPid(), SIGKILL);
  EXPECT_EQ(server.WaitForEnd(), 128 + SIGKILL);
  CThread thaw("thaw", [&] {
    EXPECT_TRUE(server.WaitForLog("Address already in use; workers of a killed server may still leave it"));
    Thaw({orphan});
  });
  CServerProcess& next = StartWith({"listener.0.port=" + std::to_string(server.Port())});
  thaw.Join();
  CTestClient client(next.Port());
  ExpectServed(client);
}

}  // namespace
}  // namespace switchboard
