// What an operator tells a running server, and what the command says about it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "misc/file/CFd.h"
#include "proc/sys/ExitCode.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

class COrderTest : public CSystemTest {
 protected:
  // A line that no parser takes, in the file of the running server.
  void SpoilConfig() const { std::ofstream(Folder() / "switchboard.toml", std::ios::app) << "[business\nthreads =\n"; }
  void Touch(const char* p_file) const { std::ofstream(Folder() / p_file).close(); }
  static void ExpectFailure(const SRunResult& result, const std::string& why) {
    EXPECT_EQ(result.exitCode, kExitFailed);
    EXPECT_THAT(result.errors, StartsWith("test-server: "));
    EXPECT_THAT(result.errors, HasSubstr(why));
    EXPECT_EQ(result.output, "");
  }
};

TEST_F(COrderTest, WhatNeedsTheServerOnlyNeedsNoConfiguration) {
  ExpectComplaint("the reload is refused");
  CServerProcess& server = Start();
  SpoilConfig();
  const SRunResult status = Order({"--status"});
  EXPECT_EQ(status.exitCode, 0) << status.errors;
  EXPECT_THAT(status.output, HasSubstr("master=" + std::to_string(server.MasterPid()) + "\n"));
  EXPECT_EQ(Order({"-s", "reopen"}).exitCode, 0);
  EXPECT_TRUE(server.WaitForLog("log reopened"));
  ExpectFailure(Order({"-s", "reload"}), "the reload is refused, and the old configuration stays: ");
  EXPECT_EQ(Order({"-s", "stop"}).exitCode, 0);
  EXPECT_EQ(server.WaitForEnd(), 0);
}

TEST_F(COrderTest, AConfigurationThatIsNotThereLeadsNowhere) {
  Start();
  fs::rename(Folder() / "switchboard.toml", Folder() / "renamed.toml");
  ExpectFailure(Order({"-s", "stop"}), "switchboard.toml");
}

TEST_F(COrderTest, AReloadThatFailsIsToldToWhoAsked) {
  ExpectComplaint("this logic refuses to start");
  CServerProcess& server = Start();
  Touch(kTestRefuseFile);
  ExpectFailure(Order({"-s", "reload"}), "the reload failed, and the old configuration stays: ");
  EXPECT_EQ(Order({"-s", "reload", "--no-wait"}).exitCode, 0);
  EXPECT_TRUE(server.WaitForLog("the reload failed", 2));
  fs::remove(Folder() / kTestRefuseFile);
  const SRunResult done = Order({"-s", "reload"});
  EXPECT_EQ(done.exitCode, 0) << done.errors;
  EXPECT_THAT(done.output, ContainsRegex("^reloaded: generation [0-9]+ serves\n$"));
}

TEST_F(COrderTest, AReloadTellsWhatOnlyAStartChanges) {
  Start();
  std::string config = ReadFile(Folder() / "switchboard.toml");
  const size_t name = config.find("switchboard.pid");
  ASSERT_NE(name, std::string::npos);
  std::ofstream(Folder() / "switchboard.toml") << config.replace(name, 11, "other");
  ExpectFailure(Order({"-s", "reload"}), "no running server found");
  const SRunResult done = Order({"-s", "reload", "--set", "server.pid_file=switchboard.pid"});
  EXPECT_EQ(done.exitCode, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("serves; the next start only changes server.pid_file\n"));
}

TEST_F(COrderTest, AMasterThatIsStoppedBySignalIsToldInsteadOfWaitedFor) {
  CServerProcess& server = Start();
  server.Signal(SIGSTOP);
  const std::string why = "process " + std::to_string(server.MasterPid()) + " is stopped by a signal";
  EXPECT_TRUE(Eventually([&] {
    return Order({"--status"}).output.starts_with("master=" + std::to_string(server.MasterPid()) + " state=stopped\n");
  }));
  for (const char* p_order : {"reload", "upgrade", "stop", "quit"}) ExpectFailure(Order({"-s", p_order}), why);
  server.Signal(SIGCONT);
  EXPECT_TRUE(Eventually([&] { return Order({"-s", "reload"}).exitCode == kExitOk; }));
}

TEST_F(COrderTest, AScoreboardThatIsGoneIsNamed) {
  CServerProcess& server = Start();
  const fs::path scoreboard = Folder() / "switchboard.pid.scoreboard";
  fs::remove(scoreboard);
  ExpectFailure(Order({"--status"}), "scoreboard is gone");
  ExpectFailure(Order({"-s", "reload"}), "scoreboard is gone; --no-wait tells it without");
  EXPECT_EQ(Order({"-s", "reload", "--no-wait"}).exitCode, 0);
  EXPECT_TRUE(server.WaitForLog("reloaded: generation 2 serves"));
  std::ofstream(scoreboard) << "spoilt";
  ExpectFailure(Order({"--status"}), "scoreboard is of another version, or spoilt");
}

TEST_F(COrderTest, AnUpgradeThatFailsIsToldToWhoAsked) {
  ExpectComplaint("the upgrade failed");
  ExpectComplaint("the start failed");
  CServerProcess& server = Start();
  Touch(kTestRefuseFile);
  ExpectFailure(Order({"-s", "upgrade"}), "the upgrade failed, and this binary goes on: ");
  fs::remove(Folder() / kTestRefuseFile);
  const SRunResult done = Order({"-s", "upgrade"});
  EXPECT_EQ(done.exitCode, 0) << done.errors;
  EXPECT_THAT(done.output, StartsWith("new binary: process "));
  // The new one has the names by now; the old one won't have a third one beside it.
  const std::string old = "server.pid_file=switchboard.pid.oldbin";
  ExpectFailure(Order({"--set", old, "-s", "upgrade"}), "there is a new binary already");
  ExpectFailure(Order({"--set", old, "-s", "reload"}), "the configuration is for the new binary");
  EXPECT_EQ(Order({"-s", "stop"}).exitCode, 0);
  EXPECT_TRUE(server.WaitForLog("has ended; this one goes on"));
}

TEST_F(COrderTest, TheStatusTellsTheWorkersApart) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  CTestClient opener(server.Port());
  ExpectServed(opener);
  // The old worker has something in hand that doesn't end before the test says so.
  ASSERT_TRUE(client.SendFrame(kTestAwaitGate));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 2));
  EXPECT_EQ(Order({"-s", "reload"}).exitCode, 0);
  const std::string status = Order({"--status"}).output;
  EXPECT_THAT(status, ContainsRegex("worker_0=[0-9]+ process=1 generation=1 state=leaving uptime_s=[0-9]+\n"));
  EXPECT_THAT(status, ContainsRegex("worker_0=[0-9]+ process=2 generation=2 state=serving uptime_s=[0-9]+\n"));
  EXPECT_TRUE(opener.SendFrame(kTestOpenGate));
}

TEST_F(COrderTest, TheServerOfAnotherProgramIsLeftAlone) {
  CServerProcess& server = Start();
  const SRunResult stop = Run({"-c", "switchboard.toml", "-s", "stop"});
  EXPECT_EQ(stop.exitCode, kExitFailed);
  EXPECT_THAT(stop.errors, HasSubstr("process " + std::to_string(server.MasterPid()) + ", which holds "));
  EXPECT_THAT(stop.errors, HasSubstr("switchboard.pid, is \"test-server\""));
  CTestClient client(server.Port());
  ExpectServed(client);
}

TEST_F(COrderTest, ADaemonSaysWhereItServes) {
  CServerProcess::WriteConfig(Folder());
  const SRunResult start = Order({"--set", "server.daemon=true"});
  EXPECT_EQ(start.exitCode, 0) << start.errors;
  EXPECT_THAT(start.output, ContainsRegex("^test-server: process [0-9]+ serves on 127\\.0\\.0\\.1:[0-9]+\n$"));
  EXPECT_EQ(start.errors, "");
  EXPECT_EQ(Order({"-s", "stop"}).exitCode, 0);
}

TEST_F(COrderTest, TheFilesOfAProgramCarryItsName) {
  std::ofstream(Folder() / "switchboard.toml") << "[[listener]]\naddress = \"127.0.0.1\"\nport = 0\n";
  EXPECT_EQ(Order({}).exitCode, 0);
  EXPECT_TRUE(fs::exists(Folder() / "test-server.pid"));
  EXPECT_THAT(ReadFile(Folder() / "test-server.log"), HasSubstr("test-server 0."));
  EXPECT_EQ(Order({"-s", "stop"}).exitCode, 0);
}

TEST_F(COrderTest, ADaemonKeepsNoDescriptorOfWhoStartedIt) {
  const std::string path = Folder() / "lock";
  CFd lock(open(path.c_str(), O_RDWR | O_CREAT, 0600));  // not close-on-exec, as a shell's 9>lock
  ASSERT_EQ(flock(lock.Get(), LOCK_EX | LOCK_NB), 0);
  SServerOptions options;
  options.isDaemon = true;
  Start(options);
  lock.Reset();
  const CFd again(open(path.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(flock(again.Get(), LOCK_EX | LOCK_NB), 0) << "the daemon holds the lock";
}

TEST_F(COrderTest, AStartThatHangsHasADeadlineAndARetry) {
  ExpectComplaint("outlived the time to start and is killed");
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.start_timeout_s=1"});
  const pid_t first = server.WorkerPid();
  Touch(kTestHangFile);
  ExpectFailure(Order({"-s", "reload"}), ": the worker was not ready within server.start_timeout_s");
  kill(first, SIGKILL);
  ASSERT_TRUE(server.WaitForLog("outlived the time to start", 2));
  fs::remove(Folder() / kTestHangFile);
  ASSERT_TRUE(server.WaitForNewWorker(0, first));
  CTestClient client(server.Port());
  ExpectServed(client);
}

// The new binary is killed, and on the way back of the old one a worker too.
TEST_F(COrderTest, ARollBackThatFailsIsTriedAgain) {
  ExpectComplaint("new binary: process");
  ExpectComplaint("no worker serves; their start is tried again");
  ExpectComplaint("the reload failed");
  AllowComplaint("the master is dead");
  CServerProcess& server = Start();
  EXPECT_EQ(Order({"-s", "upgrade"}).exitCode, 0);
  const pid_t next = std::stoi("0" + ReadFile(Folder() / "switchboard.pid"));
  server.Signal(SIGWINCH);
  ASSERT_TRUE(Eventually([&] { return server.WorkerPid() == 0; }));
  Touch(kTestHangFile);
  kill(next, SIGKILL);
  ASSERT_TRUE(Eventually([&] { return server.WorkerPid() != 0; }));
  // Stopped, so that neither it gets ready nor the next one finds the file.
  const pid_t returning = server.WorkerPid();
  kill(returning, SIGSTOP);
  fs::remove(Folder() / kTestHangFile);
  kill(returning, SIGKILL);
  ASSERT_TRUE(server.WaitForLog("reloaded: generation"));
  CTestClient client(server.Port());
  ExpectServed(client);
}

TEST_F(COrderTest, ASecondStartDuringAnUpgradeChangesNothing) {
  CServerProcess& server = StartWith({"server.start_timeout_s=30"});
  Touch(kTestHangFile);
  server.Signal(SIGUSR2);
  ASSERT_TRUE(server.WaitForLog("new binary: process"));
  // Before the new binary has the names, and after it.
  const SRunResult stranger = Order({"-f", "--set", "log.file=stranger.log"});
  ExpectFailure(stranger, "already running: process ");
  EXPECT_TRUE(fs::exists(Folder() / "switchboard.pid.oldbin"));
  EXPECT_TRUE(fs::exists(Folder() / "switchboard.pid.oldbin.scoreboard"));
  AllowComplaint("the upgrade failed");
  AllowComplaint("the start failed");
  ASSERT_TRUE(Eventually([&] { return ChildrenOf(server.MasterPid()).size() == 2; }));
  const std::vector<pid_t> children = ChildrenOf(server.MasterPid());
  for (const pid_t pid : children) {
    if (CommandLineOf(pid).find("worker process") != std::string::npos) continue;
    // Its worker hangs, and wouldn't notice that its master is dead.
    ASSERT_TRUE(Eventually([pid] { return !ChildrenOf(pid).empty(); }));
    for (const pid_t orphan : ChildrenOf(pid)) kill(orphan, SIGKILL);
    kill(pid, SIGKILL);
  }
  ASSERT_TRUE(server.WaitForLog("the upgrade failed"));
  EXPECT_TRUE(Eventually([&] { return !fs::exists(Folder() / "switchboard.pid.oldbin"); }));
  EXPECT_TRUE(Eventually([&] { return fs::exists(Folder() / "switchboard.pid.scoreboard"); }));
  EXPECT_TRUE(fs::exists(Folder() / "switchboard.pid"));
}

TEST_F(COrderTest, OfTwoStartsAtTheSameMomentOneIsRefused) {
  CServerProcess::WriteConfig(Folder());
  uint16_t port = Start().Port();
  Order({"-s", "stop"});
  for (int i = 0; i < 10; ++i) {
    const auto arguments = [&](const std::string& name) {
      return std::vector<std::string>{"-f",
                                      "-c",
                                      "switchboard.toml",
                                      "--set",
                                      "listener.0.port=" + std::to_string(port),
                                      "--set",
                                      "server.pid_file=" + name + ".pid",
                                      "--set",
                                      "log.file=" + name + ".log"};
    };
    CProgram one("test-server", arguments("one"), {Folder()});
    CProgram other("test-server", arguments("other"), {Folder()});
    ASSERT_TRUE(Eventually([&] { return one.HasEnded() || other.HasEnded(); }));
    CProgram& refused = one.HasEnded() ? one : other;
    CProgram& running = one.HasEnded() ? other : one;
    EXPECT_EQ(refused.Wait(), kExitFailed);
    EXPECT_THAT(refused.Errors(), HasSubstr("Address already in use"));
    EXPECT_FALSE(running.HasEnded());
    running.Signal(SIGTERM);
    EXPECT_TRUE(running.Wait().has_value());
  }
}

TEST_F(COrderTest, MasterAndWorkerAreOneProcessForADebugger) {
  for (const int stop : {SIGINT, SIGTERM, SIGQUIT}) {
    CServerProcess& server = Start({.arguments = {"--single-process"}});
    EXPECT_EQ(ProcessesIn(Folder()), std::vector<pid_t>{server.MasterPid()});
    EXPECT_THAT(CommandLineOf(server.MasterPid()), HasSubstr("single process"));
    CTestClient client(server.Port());
    ExpectServed(client);
    ExpectFailure(Order({"-s", "reload"}), "SIGHUP: a server in a single process can't be reloaded");
    ExpectFailure(Order({"-s", "upgrade"}), "SIGUSR2: a server in a single process can't be reloaded, upgraded");
    EXPECT_THAT(Order({"--status"}).output, ContainsRegex("worker_0=[0-9]+ process=1 generation=1 state=serving"));
    ExpectServed(client);
    client.Close();
    server.Signal(stop);
    EXPECT_EQ(server.WaitForEnd(), 0);
  }
}

TEST_F(COrderTest, ASingleProcessThatCannotStartSaysWhy) {
  CServerProcess::WriteConfig(Folder());
  Touch(kTestRefuseFile);
  ExpectFailure(Order({"--single-process"}), "the worker cannot start: this logic refuses to start");
  EXPECT_FALSE(fs::exists(Folder() / "switchboard.pid"));
  ExpectFailure(Order({"--single-process", "--set", "business.mode=process_pool"}), "business.mode");
  ExpectFailure(Order({"--single-process", "--set", "server.sandbox=strict"}), "server.sandbox: \"strict\" needs more");
}

}  // namespace
}  // namespace switchboard
