// A new binary takes over from a running one, or doesn't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "tests/system/CSteadyLoad.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CUpgradeTest : public CSystemTest {
 protected:
  pid_t PidIn(const std::string& file) const { return std::stoi("0" + ReadFile(Folder() / file)); }
  bool HasOldBinary() const { return fs::exists(Folder() / "switchboard.pid.oldbin"); }

  // Starts the upgrade; the pid of the new master, which serves.
  pid_t Upgrade(const CServerProcess& server) {
    const size_t before = server.CountInLog("serves; SIGQUIT makes this one leave");
    server.Signal(SIGUSR2);
    EXPECT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave", before + 1));
    return PidIn("switchboard.pid");
  }
  static bool HasOpen(pid_t pid, const fs::path& file) {
    std::error_code ignored;
    const fs::directory_iterator entries("/proc/" + std::to_string(pid) + "/fd", ignored);
    return std::any_of(begin(entries), end(entries), [&](const auto& entry) {
      std::error_code vanished;
      return fs::read_symlink(entry.path(), vanished) == file;
    });
  }
  // Waits for the end of a process that is no child of the test; whoever adopts orphans here may take a second to bury
  // it.
  static bool WaitForEndOf(pid_t pid) {
    return Eventually([pid] { return !StateOf(pid).has_value(); });
  }
  static size_t ZombiesOf(pid_t parent) {
    const std::string pid = std::to_string(parent);
    std::istringstream children(ReadFile("/proc/" + pid + "/task/" + pid + "/children"));
    size_t zombies = 0;
    for (std::string child; children >> child;) {
      const std::string stat = ReadFile("/proc/" + child + "/stat");
      const size_t nameEnd = stat.rfind(')');
      if (nameEnd != std::string::npos && stat.substr(nameEnd, 3) == ") Z") ++zombies;
    }
    return zombies;
  }
  // Stops the new master, whose old one has ended.
  void StopNew() {
    const pid_t pid = PidIn("switchboard.pid");
    ASSERT_GT(pid, 0);
    kill(pid, SIGTERM);
    EXPECT_TRUE(Eventually([this] { return ProcessesIn(Folder()).empty(); }));
    EXPECT_FALSE(fs::exists(Folder() / "switchboard.pid"));
    EXPECT_FALSE(fs::exists(Folder() / "switchboard.pid.scoreboard"));
  }
};

TEST_F(CUpgradeTest, TheNewBinaryTakesOverUnderLoad) {
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho);
  ASSERT_TRUE(load.WaitForAnswers());
  const pid_t newMaster = Upgrade(server);
  EXPECT_NE(newMaster, server.MasterPid());
  EXPECT_EQ(PidIn("switchboard.pid.oldbin"), server.MasterPid());
  EXPECT_THAT(CommandLineOf(newMaster), HasSubstr("master process"));
  ASSERT_TRUE(load.WaitForAnswers());
  server.Signal(SIGQUIT);
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_FALSE(HasOldBinary());
  EXPECT_EQ(PidIn("switchboard.pid"), newMaster);
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  EXPECT_GE(load.GoAways(), 1U);
  StopNew();
}

TEST_F(CUpgradeTest, OneUpgradeFollowsTheOther) {
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho, 4);
  pid_t master = server.MasterPid();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(load.WaitForAnswers());
    kill(master, SIGUSR2);
    ASSERT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave", static_cast<size_t>(i) + 1));
    const pid_t next = PidIn("switchboard.pid");
    EXPECT_NE(next, master);
    EXPECT_FALSE(HasOpen(next, Folder() / "switchboard.pid.oldbin"));
    kill(master, SIGQUIT);
    if (i == 0) {
      EXPECT_EQ(server.WaitForEnd(), 0);
    } else {
      EXPECT_TRUE(WaitForEndOf(master));
    }
    master = next;
  }
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  StopNew();
}

TEST_F(CUpgradeTest, TheOldBinaryTakesBackOverWhileItsWorkersRest) {
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho);
  ASSERT_TRUE(load.WaitForAnswers());
  const pid_t newMaster = Upgrade(server);
  server.Signal(SIGWINCH);
  EXPECT_TRUE(Eventually([&] { return ChildrenOf(server.MasterPid()).size() == 1; }));
  ASSERT_TRUE(load.WaitForAnswers());

  // The configuration is the new binary's by now: the roll-back must not depend on it.
  std::ofstream(Folder() / "switchboard.toml") << "[server]\nkey_of_the_next_version = 1\n";
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("reloaded: "));
  ASSERT_TRUE(load.WaitForAnswers());
  kill(newMaster, SIGQUIT);
  ASSERT_TRUE(server.WaitForLog("has ended; this one goes on"));
  EXPECT_TRUE(Eventually([&] { return PidIn("switchboard.pid") == server.MasterPid(); }));
  EXPECT_FALSE(HasOldBinary());
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
}

TEST_F(CUpgradeTest, TheOldBinaryServesAgainWhenTheNewOneIsGone) {
  ExpectComplaint("was killed by SIGKILL; this one goes on");
  ExpectComplaint("the master is dead");
  CServerProcess& server = Start();
  for (const int signal : {SIGQUIT, SIGKILL}) {
    const pid_t newMaster = Upgrade(server);
    server.Signal(SIGWINCH);
    ASSERT_TRUE(Eventually([&] { return ChildrenOf(server.MasterPid()).size() == 1; }));
    const size_t before = server.CountInLog("reloaded: ");
    kill(newMaster, signal);
    ASSERT_TRUE(server.WaitForLog("reloaded: ", before + 1));
    EXPECT_TRUE(Eventually([&] { return PidIn("switchboard.pid") == server.MasterPid() && !HasOldBinary(); }));
    EXPECT_TRUE(Eventually([&] { return ProcessesIn(Folder()).size() == 2; }));
    CTestClient client(server.Port());
    ExpectServed(client);
  }
}

TEST_F(CUpgradeTest, ANewBinaryThatCannotStartChangesNothing) {
  ExpectComplaint("the start failed: ");
  ExpectComplaint("the upgrade failed, and this binary goes on: ");
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho);
  const std::string config = ReadFile(Folder() / "switchboard.toml");
  std::ofstream(Folder() / kTestRefuseFile).flush();
  size_t failures = 0;
  for (const bool isConfigBad : {false, true}) {
    if (isConfigBad) std::ofstream(Folder() / "switchboard.toml") << "[business]\nthreads = 0\n";
    ASSERT_TRUE(load.WaitForAnswers());
    server.Signal(SIGUSR2);
    ASSERT_TRUE(server.WaitForLog("the upgrade failed", ++failures));
    EXPECT_TRUE(Eventually([&] { return PidIn("switchboard.pid") == server.MasterPid() && !HasOldBinary(); }));
    EXPECT_TRUE(Eventually([&] { return ProcessesIn(Folder()).size() == 2; }));
  }
  const std::vector<std::string> lines = server.LogLines("the upgrade failed");
  EXPECT_THAT(lines.at(0), HasSubstr("this logic refuses to start"));
  EXPECT_THAT(lines.at(1), testing::ContainsRegex("switchboard.toml:2: business.threads: 0 is out of range"));

  fs::remove(Folder() / kTestRefuseFile);
  std::ofstream(Folder() / "switchboard.toml") << config;
  Upgrade(server);
  server.Signal(SIGQUIT);
  EXPECT_EQ(server.WaitForEnd(), 0);
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  StopNew();
}

TEST_F(CUpgradeTest, AReplacedFileIsTheNewBinary) {
  ExpectComplaint("the upgrade failed, and this binary goes on: cannot execute ");
  // A copy, so that it can be replaced, that is called by a link.
  CServerProcess& first = Start();
  const fs::path original = fs::read_symlink("/proc/" + std::to_string(first.MasterPid()) + "/exe");
  EXPECT_EQ(first.Stop(), 0);
  const fs::path copy = Folder() / "server-1";
  const fs::path link = Folder() / "server";
  fs::copy_file(original, copy);
  fs::create_symlink(copy, link);
  SServerOptions options;
  options.program = link.string();
  CServerProcess& server = Start(options);

  // The running file is gone, and there is no other yet.
  fs::remove(copy);
  server.Signal(SIGUSR2);
  ASSERT_TRUE(server.WaitForLog("No such file or directory"));
  // What isn't executable.
  std::ofstream(copy) << "nonsense";
  server.Signal(SIGUSR2);
  ASSERT_TRUE(server.WaitForLog("Permission denied"));
  // Another file, behind the link.
  fs::remove(link);
  fs::copy_file(original, Folder() / "server-2");
  fs::create_symlink(Folder() / "server-2", link);
  const pid_t newMaster = Upgrade(server);
  EXPECT_EQ(fs::read_symlink("/proc/" + std::to_string(newMaster) + "/exe"), Folder() / "server-2");
  server.Signal(SIGQUIT);
  EXPECT_EQ(server.WaitForEnd(), 0);
  CTestClient client(server.Port());
  ExpectServed(client);
  client.Close();
  StopNew();
}

TEST_F(CUpgradeTest, ADaemonIsUpgradedByCommand) {
  SServerOptions options;
  options.isDaemon = true;
  CServerProcess& server = Start(options);
  EXPECT_EQ(Order({"-s", "upgrade"}).exitCode, 0);
  EXPECT_EQ(server.CountInLog("serves; SIGQUIT makes this one leave"), 1U);
  const pid_t newMaster = PidIn("switchboard.pid");
  EXPECT_NE(newMaster, server.MasterPid());
  EXPECT_EQ(StateOf(newMaster)->session, StateOf(server.MasterPid())->session);
  // The old one is reached under its new name.
  const std::vector<std::string> old = {"--set", "server.pid_file=switchboard.pid.oldbin"};
  std::vector<std::string> arguments = old;
  arguments.emplace_back("--status");
  EXPECT_THAT(Order(arguments).output, HasSubstr("master=" + std::to_string(server.MasterPid()) + "\n"));
  arguments = old;
  arguments.insert(arguments.end(), {"-s", "quit"});
  EXPECT_EQ(Order(arguments).exitCode, 0);
  EXPECT_TRUE(WaitForEndOf(server.MasterPid()));
  CTestClient client(server.Port());
  ExpectServed(client);
  client.Close();
  EXPECT_EQ(Order({"-s", "stop"}).exitCode, 0);
  EXPECT_TRUE(WaitForEndOf(newMaster));
}

// Neither it nor the old binary has the pid file's name then.
TEST_F(CUpgradeTest, WhileTheNewBinaryHangsOrdersReachTheOldOne) {
  ExpectComplaint("the upgrade failed: the new binary was killed before it served");
  CServerProcess& first = Start();
  const fs::path original = fs::read_symlink("/proc/" + std::to_string(first.MasterPid()) + "/exe");
  EXPECT_EQ(first.Stop(), 0);
  const fs::path program = Folder() / original.filename();
  fs::copy_file(original, program);
  SServerOptions options;
  options.program = program.string();
  CServerProcess& server = Start(options);

  fs::remove(program);
  std::ofstream(program) << "#!/bin/sh\nexec sleep 1000\n";
  fs::permissions(program, fs::perms::owner_all);
  EXPECT_EQ(Order({"-s", "upgrade", "--no-wait"}).exitCode, 0);
  ASSERT_TRUE(server.WaitForLog("new binary: process "));
  const SRunResult status = Order({"--status"});
  EXPECT_EQ(status.exitCode, 0) << status.errors;
  EXPECT_THAT(status.output,
              HasSubstr("master=" + std::to_string(server.MasterPid()) + "\nupgrade=starting\nworker_0="));
  EXPECT_THAT(Order({"-s", "reload"}).errors,
              HasSubstr("nothing is reloaded: the configuration is for the new binary"));
  CTestClient client(server.Port());
  ExpectServed(client);
  client.Close();
  EXPECT_EQ(Order({"-s", "stop", "--all"}).exitCode, 0);
  EXPECT_EQ(server.WaitForEnd(), 0);
}

TEST_F(CUpgradeTest, TheStatusTellsOfBothBinaries) {
  CServerProcess& server = Start();
  EXPECT_THAT(Order({"--status"}).output, testing::Not(HasSubstr("older_master")));
  const pid_t newMaster = Upgrade(server);
  EXPECT_THAT(Order({"--status"}).output,
              testing::ContainsRegex("master=" + std::to_string(newMaster) + "\nolder_master=" +
                                     std::to_string(server.MasterPid()) + " pid_file=.*switchboard.pid.oldbin\n"));
  EXPECT_EQ(Order({"-s", "quit", "--all"}).exitCode, 0);
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_TRUE(WaitForEndOf(newMaster));
}

TEST_F(CUpgradeTest, BothBinariesAreStoppedByOneOrder) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  ExpectServed(client);
  client.Close();
  const pid_t newMaster = Upgrade(server);
  EXPECT_EQ(Order({"-s", "quit", "--all"}).exitCode, 0);
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_TRUE(WaitForEndOf(newMaster));
}

TEST_F(CUpgradeTest, ASecondUpgradeWaitsForTheEndOfTheFirst) {
  ExpectComplaint("still holds switchboard.pid.oldbin");
  CServerProcess& server = Start();
  const pid_t newMaster = Upgrade(server);
  server.Signal(SIGUSR2);
  EXPECT_TRUE(server.WaitForLog("there is a new binary already"));
  kill(newMaster, SIGUSR2);
  EXPECT_TRUE(server.WaitForLog("of an older binary still holds switchboard.pid.oldbin"));
  server.Signal(SIGHUP);
  EXPECT_TRUE(server.WaitForLog("nothing is reloaded"));
  server.Signal(SIGQUIT);
  EXPECT_EQ(server.WaitForEnd(), 0);
  StopNew();
}

TEST_F(CUpgradeTest, AStormOfAllSignalsLeavesNoZombieAndNoProcess) {
  CServerProcess& server = StartWith({"server.workers=2"});
  CSteadyLoad load(server.Port(), kTestEcho, 4);
  std::mt19937 random(4711);
  std::vector<int> signals = {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD, SIGHUP, SIGUSR1};
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 50; ++i) server.Signal(signals[random() % signals.size()]);
    ASSERT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave"));
    ASSERT_TRUE(load.WaitForAnswers(50));
  }
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  const pid_t newMaster = PidIn("switchboard.pid");
  EXPECT_NE(newMaster, server.MasterPid());
  for (const pid_t master : {server.MasterPid(), newMaster}) {
    EXPECT_TRUE(Eventually([master] { return ZombiesOf(master) == 0; })) << master;
  }
  // All at once, those that end it among them. The new master may be told of an upgrade before the old one has left.
  AllowComplaint("the upgrade failed, and this binary goes on: process ");
  signals.insert(signals.end(), {SIGQUIT, SIGTERM, SIGQUIT, SIGINT});
  std::shuffle(signals.begin(), signals.end(), random);
  for (const int signal : signals) {
    server.Signal(signal);
    kill(newMaster, signal);
  }
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_TRUE(Eventually([this] { return ProcessesIn(Folder()).empty(); }));
}

TEST_F(CUpgradeTest, NobodyInTheQueuesIsLost) {
  CServerProcess& server = StartWith({"server.workers=3"});
  const std::vector<pid_t> workers = ChildrenOf(server.MasterPid());
  ASSERT_TRUE(Freeze(workers));
  std::deque<CTestClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
  }
  Upgrade(server);
  for (CTestClient& client : clients) EXPECT_EQ(Next(client).Text(), "patient");
  Thaw(workers);
  server.Signal(SIGQUIT);
  EXPECT_EQ(server.WaitForEnd(), 0);
  for (CTestClient& client : clients) ExpectServed(client);
  clients.clear();
  StopNew();
}

}  // namespace
}  // namespace switchboard
