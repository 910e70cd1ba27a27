// The configuration changes while clients are connected.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "net/wire/Wire.h"
#include "tests/system/CSteadyLoad.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class CReloadTest : public CSystemTest {
 protected:
  // Writes the configuration of the tests anew, with more lines in its sections; "end" is behind the last one.
  void Configure(const std::map<std::string, std::string>& lines) const {
    const std::filesystem::path file = CServerProcess::WriteConfig(Folder());
    std::string text = ReadFile(file);
    for (const auto& [section, more] : lines) {
      const std::string header = "[" + section + "]\n";
      const size_t at = section == "end" ? text.size() : text.find(header) + header.size();
      text.insert(at, more + "\n");
    }
    std::ofstream(file) << text;
  }
  struct SListener {
    std::string address;
    std::string port;
    std::string accept;
  };
  // As Configure, but with these listeners.
  void ConfigureListeners(const std::vector<SListener>& listeners) const {
    const std::filesystem::path file = CServerProcess::WriteConfig(Folder());
    std::string text = ReadFile(file);
    const size_t begin = text.find("[[listener]]\n");
    const size_t end = text.find("\n[", begin + 1) + 1;
    std::string entries;
    for (const SListener& listener : listeners) {
      entries += "[[listener]]\naddress = \"" + listener.address + "\"\nport = " + listener.port + "\naccept = \"" +
                 listener.accept + "\"\n\n";
    }
    std::ofstream(file) << text.replace(begin, end - begin, entries);
  }
  static bool Reload(const CServerProcess& server) {
    const size_t before = server.CountInLog("reloaded: ");
    server.Signal(SIGHUP);
    return server.WaitForLog("reloaded: ", before + 1);
  }
  static bool HasPendingSignals(pid_t pid) {
    std::istringstream status(ReadFile("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("ShdPnd:")) return line.find_first_not_of("0\t ", 7) != std::string::npos;
    }
    return false;
  }
  // Waits until no worker but those of the last reload is left.
  bool WaitForWorkers(const CServerProcess& server, size_t workers) const {
    return Eventually([&] { return ChildrenOf(server.MasterPid()).size() == workers; });
  }
};

TEST_F(CReloadTest, AReloadUnderLoadLosesNothing) {
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho);
  const int reloads = kIsSanitized ? 3 : 10;
  for (int i = 1; i <= reloads; ++i) {
    const pid_t before = server.WorkerPid();
    ASSERT_TRUE(load.WaitForAnswers());
    Configure({{"end", "[business]\nthreads = " + std::to_string(i)}});
    ASSERT_TRUE(Reload(server));
    EXPECT_NE(server.WorkerPid(), before);
    EXPECT_TRUE(WaitForWorkers(server, 1));
  }
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  EXPECT_GE(load.GoAways(), static_cast<uint64_t>(reloads));
  // The load has at most one request of each client unanswered at its end: none.
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 0U);
}

TEST_F(CReloadTest, TheNumberOfWorkersChangesUnderLoad) {
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho);
  for (const size_t workers : {4U, 2U, 4U, 1U}) {
    ASSERT_TRUE(load.WaitForAnswers());
    Configure({{"server", "workers = " + std::to_string(workers)}});
    ASSERT_TRUE(Reload(server));
    EXPECT_TRUE(WaitForWorkers(server, workers));
  }
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 0U);
}

TEST_F(CReloadTest, NobodyWhoWaitsInTheQueueOfARetiredWorkerIsReset) {
  CServerProcess& server = Start();
  Configure({{"server", "workers = 4"}});
  ASSERT_TRUE(Reload(server));
  ASSERT_TRUE(WaitForWorkers(server, 4));
  // While they are stopped, the kernel spreads the clients over all four queues.
  const std::vector<pid_t> workers = ChildrenOf(server.MasterPid());
  ASSERT_TRUE(Freeze(workers));
  std::deque<CTestClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.emplace_back(server.Port());
    ASSERT_TRUE(clients.back().SendFrame(kTestEcho, "patient"));
  }
  Configure({{"server", "workers = 1"}});
  ASSERT_TRUE(Reload(server));
  for (CTestClient& client : clients) EXPECT_EQ(Next(client).Text(), "patient");
  Thaw(workers);
  EXPECT_TRUE(WaitForWorkers(server, 1));
  for (CTestClient& client : clients) ExpectServed(client);
  // The survivor keeps the other queues for good, and so does the one that comes after it.
  ExpectComplaint("was killed by SIGKILL");
  const pid_t survivor = server.WorkerPid();
  kill(survivor, SIGKILL);
  ASSERT_TRUE(server.WaitForNewWorker(0, survivor));
  clients.clear();
  for (int i = 0; i < 50; ++i) ExpectServed(clients.emplace_back(server.Port()));
}

TEST_F(CReloadTest, ABadConfigurationKeepsTheOldOne) {
  ExpectComplaint("the reload is refused, and the old configuration stays: ");
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  ExpectServed(client);
  const pid_t worker = server.WorkerPid();
  const std::vector<std::map<std::string, std::string>> bad = {{{"end", "[business]\nthreads = 0"}},
                                                               {{"server", "no_such_key = 1"}},
                                                               {{"end", "[limits"}},
                                                               {{"server", "user = \"no-such-user\""}},
                                                               {{"listener", "]"}},
                                                               {{"server", "workers = {min = 3, max = 2}"}}};
  for (int i = 0; i < 20; ++i) {
    Configure(bad[static_cast<size_t>(i) % bad.size()]);
    server.Signal(SIGHUP);
    ASSERT_TRUE(server.WaitForLog("the reload is refused", static_cast<size_t>(i) + 1));
  }
  EXPECT_THAT(server.LogLines("the reload is refused").front(),
              ContainsRegex("switchboard\\.toml:[0-9]+: business\\.threads: 0 is out of range"));
  std::filesystem::remove(Folder() / "switchboard.toml");
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("the reload is refused", 21));
  EXPECT_EQ(server.WorkerPid(), worker);
  ExpectServed(client);
}

TEST_F(CReloadTest, WorkersThatCannotStartLeaveTheOldOnes) {
  ExpectComplaint("the reload failed, and the old configuration stays: worker process ");
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho);
  const pid_t worker = server.WorkerPid();
  Configure({{"server", "workers = 3"}});
  for (const char* p_file : {kTestRefuseFile, kTestCrashFile}) {
    std::ofstream(Folder() / p_file).flush();
    const size_t before = server.CountInLog("the reload failed");
    ASSERT_TRUE(load.WaitForAnswers());
    server.Signal(SIGHUP);
    ASSERT_TRUE(server.WaitForLog("the reload failed", before + 1));
    ASSERT_TRUE(WaitForWorkers(server, 1));
    std::filesystem::remove(Folder() / p_file);
  }
  EXPECT_EQ(server.WorkerPid(), worker);
  ASSERT_TRUE(load.WaitForAnswers());
  EXPECT_EQ(load.GoAways(), 0U);
  // And the next one may succeed.
  ASSERT_TRUE(Reload(server));
  ASSERT_TRUE(WaitForWorkers(server, 3));
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
}

TEST_F(CReloadTest, ListenersComeAndGo) {
  CServerProcess& server = StartWith({"server.shutdown_timeout_s=1"});
  CTestClient stays(server.Port());
  ExpectServed(stays);
  Configure({{"end", "[[listener]]\naddress = \"127.0.0.2\"\nport = " + std::to_string(server.Port())}});
  ASSERT_TRUE(Reload(server));
  EXPECT_EQ(server.CountInLog("listening on 127.0.0.2:" + std::to_string(server.Port())), 1U);

  // The old one goes.
  std::string text = ReadFile(CServerProcess::WriteConfig(Folder()));
  text.replace(text.find("\"127.0.0.1\"\nport = 0"), 20, "\"127.0.0.2\"\nport = " + std::to_string(server.Port()));
  std::ofstream(Folder() / "switchboard.toml") << text;
  ASSERT_TRUE(Reload(server));
  EXPECT_EQ(server.CountInLog("not listening any more on 127.0.0.1:"), 1U);
  EXPECT_TRUE(stays.WaitForClose());
  EXPECT_TRUE(WaitForWorkers(server, 1));
  EXPECT_THROW(CTestClient(server.Port()), std::system_error);

  // And back.
  CServerProcess::WriteConfig(Folder());
  ASSERT_TRUE(Reload(server));
  EXPECT_TRUE(WaitForWorkers(server, 1));
}

// The wildcard and the address have the port in turn, and whoever connects to the address notices nothing, however the
// clients are accepted.
TEST_F(CReloadTest, TheWildcardAndTheAddressTakeTurnsAndLoseNobody) {
  for (const char* p_accept : {"reuseport", "mutex", "dispatch"}) {
    CServerProcess& server = StartWith({"server.workers=2"});
    CSteadyLoad load(server.Port(), kTestEcho);
    const std::string port = std::to_string(server.Port());
    for (const char* p_address : {"127.0.0.1", "0.0.0.0", "127.0.0.1"}) {
      ASSERT_TRUE(load.WaitForAnswers());
      ConfigureListeners({{p_address, port, p_accept}});
      ASSERT_TRUE(Reload(server)) << server.Log();
      EXPECT_TRUE(WaitForWorkers(server, 2));
    }
    ASSERT_TRUE(load.WaitForAnswers());
    load.Stop();
    EXPECT_EQ(load.Complaints(), "") << p_accept;
    EXPECT_EQ(server.CountInLog("not listening any more on 0.0.0.0:" + port), 1U) << p_accept;
    EXPECT_EQ(server.Stop(), 0);
  }
}

TEST_F(CReloadTest, TwoListenersSwapTheirPorts) {
  CServerProcess& server = Start();
  const std::string first = std::to_string(server.Port());
  // Otherwise 127.0.0.1 with any port would be what there is.
  ConfigureListeners({{"0.0.0.0", first, "reuseport"}});
  ASSERT_TRUE(Reload(server));
  ASSERT_TRUE(WaitForWorkers(server, 1));
  ConfigureListeners({{"0.0.0.0", first, "reuseport"}, {"127.0.0.1", "0", "reuseport"}});
  ASSERT_TRUE(Reload(server));
  const std::string line = server.LogLines("listening on 127.0.0.1:").back();
  const std::string second = line.substr(line.rfind(':') + 1);
  CSteadyLoad one(server.Port(), kTestEcho, 4);
  CSteadyLoad other(static_cast<uint16_t>(std::stoi(second)), kTestEcho, 4);
  for (const bool isSwapped : {true, false, true}) {
    ASSERT_TRUE(one.WaitForAnswers());
    ASSERT_TRUE(other.WaitForAnswers());
    ConfigureListeners(
        {{"0.0.0.0", isSwapped ? second : first, "reuseport"}, {"127.0.0.1", isSwapped ? first : second, "dispatch"}});
    ASSERT_TRUE(Reload(server)) << server.Log();
    EXPECT_TRUE(WaitForWorkers(server, 1));
  }
  for (CSteadyLoad* p_load : {&one, &other}) {
    ASSERT_TRUE(p_load->WaitForAnswers());
    p_load->Stop();
    EXPECT_EQ(p_load->Complaints(), "");
  }
}

TEST_F(CReloadTest, AnAddressInUseRefusesTheReload) {
  ExpectComplaint("the reload failed, and the old configuration stays: listener.1: cannot listen on 127.0.0.1:");
  CServerProcess& server = Start();
  const CFd listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listening.Get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listening.Get(), 1), 0);
  ASSERT_EQ(getsockname(listening.Get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const uint16_t taken = ntohs(address.sin_port);
  CTestClient client(server.Port());
  ExpectServed(client);
  Configure({{"end", "[[listener]]\naddress = \"127.0.0.1\"\nport = " + std::to_string(taken)}});
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("the reload failed"));
  ExpectServed(client);
}

TEST_F(CReloadTest, EveryKindOfChangeArrives) {
  CServerProcess& server = Start();
  Configure({{"end",
              "[limits]\npacket_bytes = 100\n[heartbeat]\ninterval_s = 0.2\nmax_misses = 1\n"
              "[business]\nthreads = 7"}});
  ASSERT_TRUE(Reload(server));
  ASSERT_TRUE(WaitForWorkers(server, 1));
  const std::vector<std::string> threads = ThreadNamesOf(server.WorkerPid());
  EXPECT_EQ(std::count(threads.begin(), threads.end(), "sb-work-6"), 1);
  CTestClient idle(server.Port());
  EXPECT_TRUE(idle.WaitForClose());
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kHeartbeat, 1));
  CTestClient big(server.Port());
  big.SendFrame(kTestEcho, std::string(200, 'x'));
  EXPECT_TRUE(big.WaitForClose());
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kBadLength, 1));
}

TEST_F(CReloadTest, PoolsAndTheLogLevelChange) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  ExpectReject(Ask(client, kTestUnknown), kTestUnknown, ERejectReason::kUnknownCode);
  EXPECT_TRUE(server.WaitForLog("rejected: unknown_code"));
  client.Close();
  std::string text = ReadFile(CServerProcess::WriteConfig(Folder()));
  text.replace(text.find("connections = 64"), 16, "connections = 1\nmax_connections = 1");
  std::ofstream(Folder() / "switchboard.toml") << text << "level = \"error\"\n";
  const pid_t before = server.WorkerPid();
  server.Signal(SIGHUP);
  // Whatever tells of the success is below that level.
  ASSERT_TRUE(Eventually([&] { return server.WorkerPid() != before && WaitForWorkers(server, 1); }));
  CTestClient first(server.Port());
  ExpectServed(first);
  ExpectReject(Ask(first, kTestUnknown), kTestUnknown, ERejectReason::kUnknownCode);
  EXPECT_EQ(server.CountInLog("rejected: unknown_code"), 1U);
  CTestClient second(server.Port());
  EXPECT_TRUE(server.WaitForCount(ECounter::kAcceptPauses, 1));
  first.Close();
  ExpectServed(second);
  // The totals, at the end, are told at the old level.
  second.Close();
  CServerProcess::WriteConfig(Folder());
  ASSERT_TRUE(Reload(server));
}

TEST_F(CReloadTest, DescriptorsDoNotAddUp) {
  CServerProcess& server = StartWith({"server.workers=2"});
  ASSERT_TRUE(Reload(server));
  ASSERT_TRUE(WaitForWorkers(server, 2));
  const size_t master = DescriptorsOf(server.MasterPid());
  const size_t worker = DescriptorsOf(server.WorkerPid());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Reload(server));
    ASSERT_TRUE(WaitForWorkers(server, 2));
  }
  EXPECT_EQ(DescriptorsOf(server.MasterPid()), master);
  EXPECT_EQ(DescriptorsOf(server.WorkerPid()), worker);
  // What forks must be alone; a sanitizer has threads of its own.
  EXPECT_TRUE(kIsSanitized || ThreadNamesOf(server.MasterPid()).size() == 1);
}

TEST_F(CReloadTest, WhatCannotChangeSaysSo) {
  CServerProcess& server = Start();
  std::string text = ReadFile(CServerProcess::WriteConfig(Folder()));
  text.replace(text.find("switchboard.pid"), 15, "elsewhere.pid");
  text.replace(text.find("daemon = false"), 14, "daemon = true");
  std::ofstream(Folder() / "switchboard.toml") << text;
  ASSERT_TRUE(Reload(server));
  EXPECT_EQ(server.CountInLog("can't be changed by a reload"), 2U);
  EXPECT_EQ(server.CountInLog("server.pid_file can't be changed by a reload"), 1U);
  EXPECT_EQ(server.CountInLog("server.daemon can't be changed by a reload"), 1U);
  EXPECT_TRUE(std::filesystem::exists(Folder() / "switchboard.pid"));
  EXPECT_FALSE(std::filesystem::exists(Folder() / "elsewhere.pid"));
}

TEST_F(CReloadTest, TheLogMovesWithTheReload) {
  CServerProcess& server = Start();
  std::string text = ReadFile(CServerProcess::WriteConfig(Folder()));
  text.replace(text.find("switchboard.log"), 15, "another.log");
  std::ofstream(Folder() / "switchboard.toml") << text;
  server.Signal(SIGHUP);
  ASSERT_TRUE(Eventually([&] { return ReadFile(Folder() / "another.log").find("reloaded: ") != std::string::npos; }));
  CServerProcess::WriteConfig(Folder());
  ASSERT_TRUE(Reload(server));
}

TEST_F(CReloadTest, AClientThatIgnoresTheGoAwayIsServedUntilTheDeadline) {
  CServerProcess& server = StartWith({"server.shutdown_timeout_s=1"});
  CTestClient client(server.Port());
  ExpectServed(client);
  ASSERT_TRUE(Reload(server));
  const SReceivedFrame goAway = Next(client);
  ASSERT_EQ(goAway.msgCode, kGoAwayCode);
  SGoAwayBody body{};
  ASSERT_EQ(goAway.body.size(), sizeof(body));
  std::memcpy(&body, goAway.body.data(), sizeof(body));
  EXPECT_EQ(body.reason, static_cast<uint16_t>(EGoAwayReason::kReload));
  ExpectServed(client);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(WaitForWorkers(server, 1));
}

TEST_F(CReloadTest, ReloadsThatComeTogetherAreDoneOneAfterTheOther) {
  CServerProcess& server = Start();
  CSteadyLoad load(server.Port(), kTestEcho, 2);
  for (int i = 0; i < 30; ++i) {
    server.Signal(SIGHUP);
    ASSERT_TRUE(load.WaitForAnswers(20));
  }
  const size_t asked = server.CountInLog("SIGHUP received");
  EXPECT_GE(asked, 1U);
  EXPECT_TRUE(Eventually(
      [&] { return server.CountInLog("starting 1 worker of generation") == server.CountInLog("reloaded: "); }));
  EXPECT_LE(server.CountInLog("reloaded: "), asked);
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
}

TEST_F(CReloadTest, AnOperatorReloadsByCommand) {
  CServerProcess& server = Start();
  const CSystemTest::SRunResult reload = Order({"-s", "reload"});
  EXPECT_EQ(reload.exitCode, 0);
  EXPECT_EQ(reload.errors, "");
  EXPECT_EQ(reload.output, "reloaded: generation 2 serves\n");
  EXPECT_EQ(server.CountInLog("reloaded: generation 2 serves"), 1U);
}

TEST_F(CReloadTest, AStormOfSignalsLeavesAServerThatServes) {
  CServerProcess& server = StartWith({"server.workers=2"});
  CSteadyLoad load(server.Port(), kTestEcho, 4);
  std::mt19937 random(4711);
  const std::vector<int> signals = {SIGHUP, SIGUSR1, SIGWINCH, SIGHUP, SIGCHLD, SIGHUP, SIGUSR1};
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 100; ++i) server.Signal(signals[random() % signals.size()]);
    // The system hands out pending signals by their numbers, and not in their order. If it rests when it has read them
    // all, then everybody waits in the accept queues.
    ASSERT_TRUE(Eventually([&] { return !HasPendingSignals(server.MasterPid()); }));
    server.Signal(SIGHUP);
    ASSERT_TRUE(load.WaitForAnswers(50));
  }
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  EXPECT_TRUE(WaitForWorkers(server, 2));
}

TEST_F(CReloadTest, AStopInTheMiddleOfAReloadStops) {
  for (const int signal : {SIGTERM, SIGQUIT}) {
    CServerProcess& server = Start();
    server.Signal(SIGHUP);
    server.Signal(signal);
    EXPECT_EQ(server.WaitForEnd(), 0);
  }
}

TEST_F(CReloadTest, WorkersFollowTheLoad) {
  CServerProcess& server = Start();
  Configure({{"server", "workers = { min = 1, max = 2, load = 0.01 }"}});
  ASSERT_TRUE(Reload(server));
  CSteadyLoad load(server.Port(), kTestEchoInline);
  ASSERT_TRUE(server.WaitForLog("sb-io is busy: worker process 1 is added"));
  ASSERT_TRUE(server.WaitForLog("worker process 1 ("));
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  EXPECT_TRUE(server.WaitForLog("sb-io is idle: worker process 1 retires"));
  EXPECT_TRUE(WaitForWorkers(server, 1));
  // Its queue lives on in the survivor.
  std::deque<CTestClient> clients;
  for (int i = 0; i < 50; ++i) ExpectServed(clients.emplace_back(server.Port()));
}

}  // namespace
}  // namespace switchboard
