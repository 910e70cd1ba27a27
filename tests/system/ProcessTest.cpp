// Starting and stopping, as an operator sees it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "logic/MsgCode.h"
#include "net/wire/Wire.h"
#include "proc/sys/ExitCode.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

class CProcessTest : public CSystemTest {
 protected:
  // A start that must fail with one line on the terminal that says `why`, and leave nothing behind.
  void ExpectNoStart(const std::vector<std::string>& overrides, const std::string& why, bool isUnprivileged = false) {
    for (const bool isDaemon : {false, true}) {
      std::vector<std::string> all = overrides;
      if (isDaemon) all.push_back("server.daemon=true");
      ExpectFailure(isDaemon ? RunDaemon(all, isUnprivileged) : RunServer(all, isUnprivileged), why);
      ExpectNoProcessLeft();
    }
  }
  static void ExpectFailure(const SRunResult& result, const std::string& why) {
    EXPECT_EQ(result.exitCode, kExitFailed);
    EXPECT_THAT(result.errors, testing::StartsWith("switchboard: "));
    EXPECT_THAT(result.errors, HasSubstr(why));
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    EXPECT_THAT(result.output, IsEmpty());
  }
  SRunResult RunDaemon(const std::vector<std::string>& overrides, bool isUnprivileged = false) {
    std::vector<std::string> arguments{"-c", CServerProcess::WriteConfig(Folder()).string()};
    for (const std::string& setting : overrides) arguments.insert(arguments.end(), {"--set", setting});
    return Run(arguments, isUnprivileged);
  }
  static CFd Listen(uint16_t& port) {
    CFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd.Get(), 1), 0);
    socklen_t size = sizeof(address);
    getsockname(fd.Get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    return fd;
  }
};

TEST_F(CProcessTest, ADaemonRunsInTheBackgroundUntilItIsTold) {
  SServerOptions options;
  options.program = "switchboard";
  options.overrides = {"server.workers=2", "business.threads=3"};
  options.isDaemon = true;
  CServerProcess& server = Start(options);
  const pid_t master = server.MasterPid();
  CTestClient client(server.Port());
  EXPECT_EQ(Ask(client, kEcho, "hello").Text(), "hello");

  const auto state = StateOf(master);
  ASSERT_TRUE(state.has_value());
  EXPECT_NE(state->parent, getpid());
  EXPECT_NE(state->session, getsid(0));
  EXPECT_NE(state->session, master);  // it leads no session, so it never gets a terminal
  EXPECT_EQ(state->terminal, 0);
  EXPECT_EQ(CommandLineOf(master), "switchboard: master process switchboard.toml");
  EXPECT_THAT(ThreadNamesOf(master), testing::SizeIs(testing::Le(kIsSanitized ? 2U : 1U)));
  for (uint32_t slot = 0; slot < 2; ++slot) {
    const pid_t worker = server.WorkerPid(slot);
    EXPECT_EQ(StateOf(worker)->parent, master);
    EXPECT_EQ(CommandLineOf(worker), "switchboard: worker process " + std::to_string(slot));
    // Each thread names itself, a moment after it was made.
    const auto names =
        IsSupersetOf({"sb-io", "sb-work-0", "sb-work-1", "sb-work-2", "sb-send", "sb-recycle", "sb-heart"});
    EXPECT_TRUE(Eventually([&] { return testing::Matches(names)(ThreadNamesOf(worker)); }));
  }
  const SRunResult stop = Run({"-c", "switchboard.toml", "-s", "stop"});
  EXPECT_EQ(stop.exitCode, 0);
  EXPECT_EQ(stop.errors, "");
  ExpectNoProcessLeft();
  EXPECT_FALSE(std::filesystem::exists(Folder() / "switchboard.pid"));
  EXPECT_FALSE(std::filesystem::exists(Folder() / "switchboard.pid.scoreboard"));
}

TEST_F(CProcessTest, ADaemonFinishesItsWorkWhenToldToQuit) {
  SServerOptions options;
  options.overrides = {"protocol.goaway=false"};
  options.isDaemon = true;
  CServerProcess& server = Start(options);
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendFrame(kTestBlock, Number(300)));
  ASSERT_TRUE(client.SendFrame(kTestEcho, "the last one"));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 2));
  EXPECT_EQ(Order({"-s", "quit"}).exitCode, 0);
  EXPECT_EQ(NumberIn(Next(client)), 300U);
  EXPECT_EQ(Next(client).Text(), "the last one");
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(CProcessTest, AGracefulStopAnswersWhatIsInFlight) {
  CServerProcess& server = StartWith({"protocol.goaway=false"});
  std::deque<CTestClient> clients;
  for (int i = 0; i < 8; ++i) {
    CTestClient& client = clients.emplace_back(server.Port());
    ExpectServed(client);
    ASSERT_TRUE(client.SendFrame(i % 2 == 0 ? kTestBlock : kTestDefer, Number(200)));
    ASSERT_TRUE(client.SendFrame(kTestEcho, "the last one"));
  }
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 24));
  server.Signal(SIGQUIT);
  for (CTestClient& client : clients) {
    Next(client);
    EXPECT_EQ(Next(client).Text(), "the last one");
    EXPECT_TRUE(client.WaitForClose());
  }
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_EQ(server.Total("packets_replied"), 24U);
  EXPECT_EQ(server.Total("closed_worker_stop"), 8U);
}

TEST_F(CProcessTest, AGracefulStopServesClientsUntilTheyLeave) {
  CServerProcess& server = StartWith({"server.shutdown_timeout_s=400"});
  std::deque<CTestClient> clients;
  for (int i = 0; i < 4; ++i) ExpectServed(clients.emplace_back(server.Port()));
  server.Signal(SIGQUIT);
  for (CTestClient& client : clients) {
    const SReceivedFrame goAway = Next(client);
    EXPECT_EQ(goAway.msgCode, kGoAwayCode);
    SGoAwayBody body{};
    ASSERT_EQ(goAway.body.size(), sizeof(body));
    std::memcpy(&body, goAway.body.data(), sizeof(body));
    EXPECT_GT(body.drain_ms, 0U);
    EXPECT_LE(body.drain_ms, 400000U);
  }
  for (CTestClient& client : clients) ExpectServed(client);
  // The last one that leaves ends the wait.
  clients.clear();
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_EQ(server.Total("packets_replied"), 8U);
  EXPECT_EQ(server.Total("closed_peer_closed"), 4U);
}

TEST_F(CProcessTest, AGracefulStopIsCutShortAtItsDeadlineAndSaysForWhat) {
  ExpectComplaint("has waited for server.shutdown_timeout_s, and 1 of its requests had no answer yet");
  CServerProcess& server = StartWith({"server.shutdown_timeout_s=0.3"});
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendFrame(kTestDeferForever));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 1));
  server.Signal(SIGQUIT);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 1U);
}

TEST_F(CProcessTest, ASecondOrderMakesAGracefulStopAFastOne) {
  CServerProcess& server = StartWith({"server.shutdown_timeout_s=600"});
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendFrame(kTestDeferForever));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 1));
  server.Signal(SIGQUIT);
  ASSERT_TRUE(server.WaitForLog("stopping after everything is answered"));
  server.Signal(SIGTERM);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 1U);
}

// Whoever rotates logs doesn't know that the server stops, and the threads that write them may have gone.
TEST_F(CProcessTest, LogsMayBeReopenedWhileTheServerStops) {
  SServerOptions options;
  options.overrides = {"listener.1.address=127.0.0.1", "listener.1.port=0", "listener.1.protocol=http",
                       "listener.1.access_log=access.log"};
  options.listeners = 2;
  CServerProcess& server = Start(options);
  CTestClient waiting(server.Port());
  CTestClient opener(server.Port());
  ExpectServed(opener);
  ASSERT_TRUE(waiting.SendFrame(kTestAwaitGate));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 2));
  const pid_t worker = server.WorkerPid();
  server.Signal(SIGQUIT);
  EXPECT_EQ(Next(opener).msgCode, kGoAwayCode);
  for (int i = 0; i < 100; ++i) kill(worker, SIGUSR1);
  ASSERT_TRUE(opener.SendFrame(kTestOpenGate));
  waiting.Close();
  opener.Close();
  // To the very end, whichever of its threads are left.
  EXPECT_TRUE(Eventually([&] { return kill(worker, SIGUSR1) != 0 || server.WorkerPid() == 0; }));
  EXPECT_EQ(server.WaitForEnd(), 0);
}

class CStopSignalTest : public CProcessTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Signals, CStopSignalTest, testing::Values(SIGTERM, SIGINT, SIGQUIT),
                         [](const auto& way) { return std::string("SIG") + sigabbrev_np(way.param); });

TEST_P(CStopSignalTest, StopsAnIdleAndABusyServer) {
  CServerProcess& idle = Start();
  idle.Signal(GetParam());
  EXPECT_EQ(idle.WaitForEnd(), 0);

  CServerProcess& busy = StartWith({"server.workers=2", "protocol.goaway=false"});
  std::deque<CTestClient> clients;
  Bytes bytes;
  for (int i = 0; i < 200; ++i) Append(bytes, MakeFrame(kTestEcho, "work"));
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(busy.Port());
    ASSERT_TRUE(clients.back().SendRaw(bytes));
  }
  EXPECT_TRUE(clients.back().ReceiveFrame().has_value());
  busy.Signal(GetParam());
  EXPECT_EQ(busy.WaitForEnd(), 0);
  for (CTestClient& client : clients) EXPECT_TRUE(client.WaitForClose());
}

TEST_F(CProcessTest, ASecondStartIsRefusedAndTheFirstIsUnharmed) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  const std::string holder = "process " + std::to_string(server.MasterPid());
  for (const bool isDaemon : {false, true}) {
    const SRunResult second = isDaemon ? RunDaemon({"server.daemon=true"}) : RunServer({});
    ExpectFailure(second, "already running: " + holder + " holds the pid file switchboard.pid");
  }
  ExpectServed(client);
  EXPECT_TRUE(std::filesystem::exists(Folder() / "switchboard.pid"));
  EXPECT_THAT(ProcessesIn(Folder()), testing::SizeIs(2));
}

TEST_F(CProcessTest, APortInUseIsRefused) {
  uint16_t port = 0;
  const CFd taken = Listen(port);
  const std::string address = "127.0.0.1:" + std::to_string(port);
  ExpectNoStart({"listener.0.port=" + std::to_string(port)},
                "listener.0: cannot listen on " + address + ": Address already in use");
}

TEST_F(CProcessTest, ThePortOfAnotherServerIsRefused) {
  CServerProcess& server = Start();
  const std::string port = std::to_string(server.Port());
  const SRunResult second = RunServer({"listener.0.port=" + port, "server.pid_file=other.pid", "log.file=other.log"});
  ExpectFailure(second, "listener.0: cannot listen on 127.0.0.1:" + port + ": Address already in use");
  CTestClient client(server.Port());
  ExpectServed(client);
}

TEST_F(CProcessTest, APortIsFreeAgainAtOnce) {
  CServerProcess& first = Start();
  const uint16_t port = first.Port();
  std::deque<CTestClient> clients;
  for (int i = 0; i < 10; ++i) ExpectServed(clients.emplace_back(port));
  EXPECT_EQ(first.Stop(), 0);  // it closes first, so its side rests in TIME_WAIT
  CServerProcess& second = StartWith({"listener.0.port=" + std::to_string(port)});
  CTestClient client(second.Port());
  ExpectServed(client);
}

TEST_F(CProcessTest, ABadConfigurationIsRefusedWithItsPlace) {
  const std::string file = CServerProcess::WriteConfig(Folder()).string();
  const SRunResult good = Run({"-t", "-c", file});
  EXPECT_EQ(good.exitCode, 0);
  EXPECT_THAT(good.output, testing::EndsWith("\nconfiguration " + file + " is fine\n"));
  EXPECT_EQ(good.errors, "");

  std::ofstream(file, std::ios::app) << "[business]\nthreads = 0\n";
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"-t", "-c", file}, {"-f", "-c", file}, {"-c", file}}) {
    const SRunResult bad = Run(arguments);
    ExpectFailure(bad, "business.threads");
    EXPECT_THAT(bad.errors, ContainsRegex("switchboard\\.toml:[0-9]+: "));
  }
  ExpectNoStart({"business.threads=many"}, "--set business.threads=many");
  ExpectNoStart({"business.thread=4"}, "business.thread");
  EXPECT_FALSE(std::filesystem::exists(Folder() / "switchboard.log"));
  ExpectFailure(Run({"-c", "missing.toml", "-f"}), "missing.toml");
}

TEST_F(CProcessTest, AMissingDirectoryIsRefused) {
  ExpectNoStart({"server.working_directory=" + (Folder() / "missing").string()}, "is not a directory");
  ExpectNoStart({"log.file=missing/switchboard.log"}, "missing/switchboard.log");
  ExpectNoStart({"server.pid_file=missing/switchboard.pid"}, "missing/switchboard.pid");
}

TEST_F(CProcessTest, AMissingPermissionIsRefused) {
  const std::filesystem::path closed = Folder() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  ExpectNoStart({"log.file=closed/switchboard.log"}, "Permission denied", true);
  ExpectNoStart({"server.pid_file=closed/switchboard.pid"}, "Permission denied", true);
  ExpectNoStart({"server.working_directory=" + closed.string()}, "Permission denied", true);
}

TEST_F(CProcessTest, ALogicThatRefusesToStartStopsTheStart) {
  std::ofstream(Folder() / kTestRefuseFile).flush();
  for (const bool isDaemon : {false, true}) {
    SServerOptions options;
    options.overrides = {"server.workers=3"};
    options.isDaemon = isDaemon;
    try {
      Start(options);
      ADD_FAILURE() << "it started";
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("test-server: the worker cannot start: this logic refuses to start\n"));
    }
    ExpectNoProcessLeft();
  }
}

TEST_F(CProcessTest, TheCommandLineExplainsItself) {
  const SRunResult version = Run({"-v"});
  EXPECT_EQ(version.exitCode, 0);
  EXPECT_THAT(version.output, ContainsRegex("^switchboard [0-9]+\\.[0-9]+\\.[0-9]+\n$"));
  const SRunResult help = Run({"-h"});
  EXPECT_EQ(help.exitCode, 0);
  for (const char* p_option : {"-c", "-t", "-s", "-f", "--foreground", "--set", "-v", "--version", "-h"}) {
    EXPECT_THAT(help.output, HasSubstr(p_option));
  }
  for (const SRunResult& wrong : {Run({"--nonsense"}), Run({"-s", "dance"}), Run({"-c"})}) {
    EXPECT_EQ(wrong.exitCode, kExitUsage);
    EXPECT_THAT(wrong.errors, testing::StartsWith("switchboard: "));
    EXPECT_EQ(wrong.output, "");
  }
  CServerProcess::WriteConfig(Folder());
  const SRunResult nobody = Run({"-c", "switchboard.toml", "-s", "stop"});
  EXPECT_EQ(nobody.exitCode, kExitFailed);
  EXPECT_THAT(nobody.errors, HasSubstr("no running server found"));
}

TEST_F(CProcessTest, TheStatusOfARunningServerBalances) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  for (int i = 0; i < 5; ++i) ExpectServed(client);
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsLeft, 5));
  const SRunResult status = Order({"--status"});
  EXPECT_EQ(status.exitCode, 0);
  EXPECT_THAT(status.output, HasSubstr("master=" + std::to_string(server.MasterPid()) + "\n"));
  EXPECT_THAT(status.output, ContainsRegex("worker_0=" + std::to_string(server.WorkerPid()) +
                                           " process=1 generation=1 state=serving uptime_s=[0-9]+\n"));
  for (const char* p_line : {"connections_active=1\n", "packets_accepted=5\n", "packets_replied=5\n"}) {
    EXPECT_THAT(status.output, HasSubstr(p_line));
  }
}

// The soft limit of descriptors is often 1,024; here, the master's kept sockets alone would exceed it.
TEST_F(CProcessTest, TheSoftLimitOfDescriptorsIsNoLimit) {
  SServerOptions options;
  options.overrides = {"server.workers=4", "business.threads=1"};
  options.listeners = 12;
  for (size_t i = 1; i < options.listeners; ++i) {
    const std::string listener = "listener." + std::to_string(i);
    options.overrides.insert(options.overrides.end(), {listener + ".address=127.0.0.1", listener + ".port=0"});
  }
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{48, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  CServerProcess& server = Start(options);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_GT(DescriptorsOf(server.MasterPid()), 48U);
  for (size_t i = 0; i < options.listeners; ++i) {
    CTestClient client(server.Port(i));
    ExpectServed(client);
  }
}

TEST_F(CProcessTest, ServesIPv6OrSaysWhyNot) {
  const CFd probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool isAvailable =
      probe.IsValid() && bind(probe.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (!isAvailable) {
    ExpectNoStart({"listener.0.address=::1"}, "listener.0: cannot listen on [::1]:0: ");
    return;
  }
  SServerOptions options;
  options.overrides = {"listener.1.address=::1", "listener.1.port=0"};
  options.listeners = 2;
  CServerProcess& server = Start(options);
  const CFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  address.sin6_port = htons(server.Port(1));
  ASSERT_EQ(connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const timeval patience{kPatience.count(), 0};
  setsockopt(fd.Get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const Bytes frame = MakeFrame(kTestEcho, "hello, six");
  ASSERT_EQ(send(fd.Get(), frame.data(), frame.size(), MSG_NOSIGNAL), static_cast<ssize_t>(frame.size()));
  Bytes answer(frame.size());
  EXPECT_EQ(recv(fd.Get(), answer.data(), answer.size(), MSG_WAITALL), static_cast<ssize_t>(answer.size()));
  EXPECT_EQ(answer, frame);
  CTestClient four(server.Port(0));
  ExpectServed(four);
  EXPECT_EQ(server.CountInLog("listening on [::1]:"), 1U);
}

}  // namespace
}  // namespace switchboard
