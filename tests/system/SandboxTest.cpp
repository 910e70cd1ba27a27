// Whoever gets hold of a worker has got what the worker needs to serve, and no more.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "proc/sandbox/CPathFence.h"
#include "proc/sys/ExitCode.h"
#include "tests/support/Transgressions.h"
#include "tests/system/CProgram.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

bool HasLandlock() { return CPathFence::Abi() >= CPathFence::kLeastAbi; }

class CSandboxTest : public CSystemTest {
 protected:
  CSandboxTest() { fs::permissions(Folder(), fs::perms(0755)); }

  static size_t Lines(const std::string& text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  // Bytes of a name that isn't ended.
  static constexpr size_t Forged() { return kForgedBytes; }

  // Of a folder beside the servers' own.
  void ScribbleBehind(const std::string& accept);
  fs::path Outside() const { return Folder().string() + "-outside"; }
  void SetUp() override {
    fs::create_directory(Outside());
    std::ofstream(Outside() / "secret") << "of somebody else";
  }
  void TearDown() override {
    CSystemTest::TearDown();
    fs::remove_all(Outside());
  }
};

uint32_t Attempt(CTestClient& client, const std::string& act, uint16_t msgCode = kTestTransgress) {
  return NumberIn(Ask(client, msgCode, act));
}

TEST_F(CSandboxTest, WhatAWorkerDoesNotNeedIsRefusedOnEveryThreadAndItLives) {
  // Without the fence, the files are another user's.
  std::vector<std::string> overrides;
  if (!HasLandlock() && geteuid() == 0) overrides = {"server.user=nobody"};
  CServerProcess& server = StartWith(overrides);
  const pid_t worker = server.WorkerPid();
  CTestClient client(server.Port());
  for (const uint16_t msgCode :
       {kTestTransgress, kTestTransgressInline, kTestTransgressBlocking, kTestTransgressThread}) {
    for (const std::string& act : Transgressions()) {
      // The runtime of a sanitizer may do these.
      if (kIsSanitized && (act == "ptrace" || act == "fork" || act == "kill-master" || act == "kill-all")) continue;
      const uint32_t error = Attempt(client, act, msgCode);
      EXPECT_TRUE(error == EPERM || error == EACCES) << act << " on " << msgCode << ": " << error;
    }
  }
  EXPECT_EQ(server.WorkerPid(), worker);
  ExpectServed(client);
}

TEST_F(CSandboxTest, ReachesWhatTheConfigurationNamesAndNothingBeside) {
  if (!HasLandlock()) return;
  std::ofstream(Outside() / "shown") << "to all";
  CServerProcess& server = StartWith({"test.readable=" + (Outside() / "shown").string()});
  CTestClient client(server.Port());
  EXPECT_EQ(Attempt(client, "read:" + (Outside() / "shown").string()), 0U);
  EXPECT_EQ(Attempt(client, "read:" + (Outside() / "secret").string()), uint32_t{EACCES});
  EXPECT_EQ(Attempt(client, "write:" + (Outside() / "shown").string()), uint32_t{EACCES});
  EXPECT_EQ(Attempt(client, "write:" + (Folder() / "mine").string()), 0U);

  CServerProcess& other = StartWith({"server.pid_file=other.pid", "test.writable=" + Outside().string()});
  CTestClient writer(other.Port());
  EXPECT_EQ(Attempt(writer, "write:" + (Outside() / "new").string()), 0U);
}

TEST_F(CSandboxTest, OffLeavesAWorkerAsItWas) {
  CServerProcess& server = StartWith({"server.sandbox=off"});
  CTestClient client(server.Port());
  EXPECT_EQ(Attempt(client, "socket"), 0U);
  EXPECT_EQ(Attempt(client, "read:" + (Outside() / "secret").string()), 0U);
  EXPECT_EQ(server.CountInLog("not sandboxed"), 1U);
}

// Where who writes a logic meets it first.
TEST_F(CSandboxTest, AStartThatItRefusesIsToldHowToBeAllowed) {
  AllowComplaint("no way to the database");
  std::ofstream(Folder() / kTestSocketFile).flush();
  StartWith({"server.sandbox=off"}).Stop();
  try {
    StartWith({});
    ADD_FAILURE() << "it has started";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no way to the database: Operation not permitted; is it the sandbox?"));
    EXPECT_THAT(error.what(), HasSubstr("schema.Sandbox() in Describe"));
  }
}

TEST_F(CSandboxTest, AutoDoesWithoutWhatTheKernelLacksAndSaysSoOnce) {
  SServerOptions options;
  options.overrides = {"server.workers=2"};
  options.hasLandlock = false;
  CServerProcess& server = Start(options);
  EXPECT_EQ(server.CountInLog("the kernel doesn't offer Landlock"), 1U);
  CTestClient client(server.Port());
  EXPECT_EQ(Attempt(client, "read:" + (Outside() / "secret").string()), 0U);
  EXPECT_EQ(Attempt(client, "socket"), uint32_t{EPERM});
}

TEST_F(CSandboxTest, StrictStartsOnlyWithAllOfIt) {
  if (HasLandlock()) {
    CServerProcess& server = StartWith({"server.sandbox=strict"});
    CTestClient client(server.Port());
    ExpectServed(client);
    EXPECT_EQ(server.Stop(), 0);
  }
  ExpectComplaint("server.sandbox is \"strict\"");
  SServerOptions options;
  options.overrides = {"server.sandbox=strict"};
  options.hasLandlock = false;
  try {
    Start(options);
    ADD_FAILURE() << "it has started";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("server.sandbox"));
    EXPECT_THAT(error.what(), HasSubstr("Landlock"));
  }
}

TEST_F(CSandboxTest, ATestOfTheConfigurationSaysWhetherTheKernelHasAllOfIt) {
  const std::string file = CServerProcess::WriteConfig(Folder()).string();
  for (const bool hasLandlock : {false, true}) {
    CProgram test("test-server", {"-t", "-c", file, "--set", "server.sandbox=strict"},
                  {.workingDirectory = Folder(), .hasLandlock = hasLandlock});
    const bool isThere = hasLandlock && HasLandlock();
    EXPECT_EQ(test.Wait(), isThere ? kExitOk : kExitFailed);
    EXPECT_EQ(test.Output().empty(), !isThere);
    EXPECT_THAT(test.Errors(), isThere ? testing::Matcher<std::string>("")
                                       : testing::AllOf(HasSubstr("server.sandbox"), HasSubstr("Landlock")));
  }
}

// ---- What a worker tells the master ----

TEST_F(CSandboxTest, AWorkerThatBabblesToTheMasterHarmsItselfOnly) {
  AllowComplaint("the master is dead");
  CServerProcess& server = StartWith({"server.workers=2"});
  const pid_t workers[] = {server.WorkerPid(0), server.WorkerPid(1)};
  CTestClient babbling(server.Port());
  const auto guilty = static_cast<pid_t>(PlaceIn(Ask(babbling, kTestWhere)).pid.value());
  const uint32_t slot = guilty == workers[0] ? 0 : 1;
  const auto before = StateOf(server.MasterPid());
  const size_t descriptors = DescriptorsOf(server.MasterPid());
  constexpr uint32_t kMessages = 20000 / kFewer;
  ASSERT_TRUE(babbling.SendFrame(kTestBabble, Number(kMessages)));
  // Meanwhile the master does what it is told by others.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Order({"--status"}).exitCode, 0);
  EXPECT_EQ(Order({"-s", "reopen"}).exitCode, 0);
  EXPECT_TRUE(server.WaitForLog("log reopened"));
  EXPECT_EQ(NumberIn(Next(babbling)), kMessages);
  EXPECT_TRUE(Eventually([&] { return DescriptorsOf(server.MasterPid()) == descriptors; }));
  const auto after = StateOf(server.MasterPid());
  ASSERT_TRUE(before && after);
  if (!kIsSanitized) {
    EXPECT_LE(after->residentBytes, before->residentBytes + 4 * 1024 * 1024);
  }
  EXPECT_EQ(server.WorkerPid(1 - slot), workers[1 - slot]);
  babbling.Close();
  EXPECT_EQ(Order({"-s", "reload"}).exitCode, 0);
  // The line is over for who says what is no message.
  CTestClient brief(server.Port());
  const auto next = static_cast<pid_t>(PlaceIn(Ask(brief, kTestWhere)).pid.value());
  const uint32_t nextSlot = next == server.WorkerPid(0) ? 0 : 1;
  ASSERT_TRUE(brief.SendFrame(kTestBabble, Number(0)));
  Next(brief);  // the answer, or the GoAway of a worker that has nobody to speak to
  brief.Close();
  EXPECT_TRUE(server.WaitForNewWorker(nextSlot, next));
  for (int i = 0; i < 10; ++i) {
    CTestClient client(server.Port());
    ExpectServed(client);
  }
  // Nothing of what it said about itself is what the log says about it.
  EXPECT_EQ(server.CountInLog("forged"), 0U);
  EXPECT_EQ(server.CountInLog("\\x"), 0U);
}

// ---- What a worker shares with others ----

TEST_F(CSandboxTest, NamesThatAWorkerForgesDoNotReachTheOperator) {
  ExpectSpoiltCounters();
  CServerProcess& server = Start();
  CTestClient forger(server.Port());
  EXPECT_EQ(Ask(forger, kTestSample, 4711).msgCode, kTestSample);
  ASSERT_THAT(Order({"--status"}).output, HasSubstr("\nsamples=4711\n"));
  const size_t lines = Lines(Order({"--status"}).output);
  for (const std::string& name :
       {std::string("x\nmaster=1\nworker_0=1"), std::string("\x1b[2J"), std::string(Forged(), '\xff'),
        std::string(Forged(), 'a'), std::string("packets_accepted"), std::string("worker_0"), std::string("a=1 b")}) {
    ASSERT_EQ(Ask(forger, kTestForgeName, name).msgCode, kTestForgeName) << name;
    const SRunResult status = Order({"--status"});
    EXPECT_EQ(status.exitCode, 0) << status.errors;
    EXPECT_EQ(Lines(status.output), lines - 1) << status.output;
    EXPECT_THAT(status.output, testing::Not(HasSubstr("=4711\n")));
    EXPECT_TRUE(std::all_of(status.output.begin(), status.output.end(), [](char c) {
      return c == '\n' || (c >= ' ' && c <= '~');
    })) << status.output;
  }
  // A name that could be one is one.
  EXPECT_EQ(Ask(forger, kTestForgeName, "another").msgCode, kTestForgeName);
  EXPECT_THAT(Order({"--status"}).output, HasSubstr("\nanother=4711\n"));
}

void CSandboxTest::ScribbleBehind(const std::string& accept) {
  ExpectSpoiltCounters();
  AllowComplaint("worker process");
  CServerProcess& server = StartWith({"server.workers=2", "listener.0.accept=" + accept, "server.watchdog_s=0"});
  const pid_t workers[] = {server.WorkerPid(0), server.WorkerPid(1)};
  // All from one connection, so that one worker does it.
  std::optional<CTestClient> thief(std::in_place, server.Port());
  const auto guilty = static_cast<pid_t>(PlaceIn(Ask(*thief, kTestWhere)).pid.value());
  const uint32_t innocent = guilty == workers[0] ? 1 : 0;
  const std::string line = "worker_" + std::to_string(innocent) + "=" + std::to_string(workers[innocent]);
  for (uint32_t round = 0; round < 15 / kFewer + 2; ++round) {
    Ask(*thief, kTestScribble, round);
    const SRunResult status = Order({"--status"});
    EXPECT_EQ(status.exitCode, 0) << status.errors;
    EXPECT_THAT(status.output, HasSubstr(line));
  }
  EXPECT_EQ(server.WorkerPid(innocent), workers[innocent]);
  thief.reset();
  EXPECT_EQ(Order({"-s", "reload"}).exitCode, 0);
  // Those that leave would say GoAway first.
  EXPECT_TRUE(server.WaitForLog("exited with code 0", 2));
  // What was scribbled over is gone with its worker.
  for (int i = 0; i < 10; ++i) {
    CTestClient client(server.Port());
    ExpectServed(client);
  }
}

TEST_F(CSandboxTest, AWorkerThatScribblesOverWhatItSharesHarmsItselfOnly) { ScribbleBehind("reuseport"); }

TEST_F(CSandboxTest, AWorkerThatScribblesOverWhatItSharesHarmsItselfOnlyWithMutex) { ScribbleBehind("mutex"); }

TEST_F(CSandboxTest, AWorkerThatScribblesOverWhatItSharesHarmsItselfOnlyWithDispatch) { ScribbleBehind("dispatch"); }

TEST_F(CSandboxTest, AWorkerThatTruncatesTheScoreboardBringsNobodyDown) {
  CServerProcess& server = StartWith({"server.workers=2"});
  const pid_t workers[] = {server.WorkerPid(0), server.WorkerPid(1)};
  ExpectSpoiltCounters();
  CTestClient thief(server.Port());
  Ask(thief, kTestTruncate);
  server.Signal(SIGUSR1);
  EXPECT_TRUE(server.WaitForLog("log reopened"));
  for (int i = 0; i < 20; ++i) {
    CTestClient client(server.Port());
    ExpectServed(client);
  }
  EXPECT_EQ(server.WorkerPid(0), workers[0]);
  EXPECT_EQ(server.WorkerPid(1), workers[1]);
}

}  // namespace
}  // namespace switchboard
