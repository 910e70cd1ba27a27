// client-sim's runs against the real server: scenarios, and runs across restarts.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/Eventually.h"
#include "tests/support/Loopback.h"
#include "tests/support/Scale.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

class CStressTest : public CSystemTest {
 protected:
  CServerProcess& StartDemo(std::vector<std::string> overrides = {}) {
    SServerOptions options;
    options.program = "switchboard";
    options.overrides = std::move(overrides);
    return Start(options);
  }
  std::unique_ptr<CProgram> Begin(const CServerProcess& server, std::vector<std::string> more) {
    std::vector<std::string> arguments{"--connect", "127.0.0.1:" + std::to_string(server.Port()), "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<CProgram>("client-sim", arguments, SProgramOptions{Folder()});
  }
  // Kills the worker in the middle of a run. Returns how the run ended.
  int RunAcrossACrash(std::vector<std::string> more) {
    CServerProcess& server = StartDemo();
    ExpectComplaint("was killed by SIGKILL");
    more.insert(more.end(), {"--connections", "4", "--depth", "16", "--duration", "1500ms"});
    const auto p_program = Begin(server, more);
    EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 1000));
    const pid_t worker = server.WorkerPid();
    kill(worker, SIGKILL);
    EXPECT_TRUE(server.WaitForNewWorker(0, worker));
    const int exitCode = p_program->Wait().value_or(-1);
    m_output = p_program->Output() + p_program->Errors();
    return exitCode;
  }

  std::string m_output;
};

TEST_F(CStressTest, AScenarioWithSessionsAndClasses) {
  CServerProcess& server = StartDemo({"business.threads=2"});
  std::ofstream(Folder() / "scenario.toml") << "[[class]]\n"
                                               "name = 'players'\n"
                                               "weight = 3\n"
                                               "depth = 4\n"
                                               "session = ['register', 'login']\n"
                                               "loop = { ping = 1, chat = 4 }\n"
                                               "[[class]]\n"
                                               "name = 'probes'\n"
                                               "think = '1ms-5ms'\n"
                                               "loop = ['stranger', 'ping', 'short']\n"
                                               "[message.chat]\n"
                                               "code = 7\n"
                                               "bytes = '0-2000'\n"
                                               "expect = 'echo'\n"
                                               "[message.stranger]\n"
                                               "code = 4242\n"
                                               "fields = \"u32:7 str56:alice\"\n"
                                               "reject = 'unknown_code'\n"
                                               "[message.short]\n"
                                               "code = 6\n"
                                               "hex = '00'\n"
                                               "reject = 'short_body'\n";
  const auto p_program = Begin(server, {"--scenario", "scenario.toml", "--connections", "8", "--requests", "4000"});
  EXPECT_EQ(p_program->Wait(), 0) << p_program->Output() << p_program->Errors();
  EXPECT_EQ(server.Count(ECounter::kPacketsAccepted), 4000U);
  EXPECT_GT(server.Count(ERejectReason::kUnknownCode), 0U);
  EXPECT_GT(server.Count(ERejectReason::kShortBody), 0U);
}

TEST_F(CStressTest, AMistakeInAScenarioHasItsPlace) {
  std::ofstream(Folder() / "scenario.toml") << "[[class]]\nloop = ['pong']\n";
  CProgram program("client-sim", {"--connect", "127.0.0.1:9", "--scenario", "scenario.toml"}, {Folder()});
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_NE(program.Errors().find("scenario.toml:2: 'pong'"), std::string::npos) << program.Errors();
}

TEST_F(CStressTest, LoginsNeedAServerThatRegistersAccounts) {
  const CServerProcess& server = Start();  // which knows no Register
  const auto p_program = Begin(server, {"--mix", "login=1", "--connections", "1", "--requests", "1"});
  EXPECT_EQ(p_program->Wait(), 5) << p_program->Output() << p_program->Errors();
  EXPECT_NE(p_program->Errors().find("a Register was answered with code"), std::string::npos) << p_program->Errors();
}

TEST_F(CStressTest, ACrashFailsARunThatDoesNotExpectIt) {
  EXPECT_EQ(RunAcrossACrash({"--reconnect"}), 1) << m_output;
  EXPECT_NE(m_output.find("in flight"), std::string::npos) << m_output;
}

TEST_F(CStressTest, ARunThatExpectsResetsGoesOnAfterACrash) {
  EXPECT_EQ(RunAcrossACrash({"--reconnect", "--expect-reset"}), 0) << m_output;
  EXPECT_NE(m_output.find("reconnects"), std::string::npos) << m_output;
}

// The processors that each of a process' threads may use, by the thread's name, as /proc writes them.
std::map<std::string, std::string> ProcessorsOf(pid_t pid) {
  std::map<std::string, std::string> processors;
  std::error_code ended;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", ended)) {
    const std::string name = ReadFile(entry.path() / "comm");
    const std::string status = ReadFile(entry.path() / "status");
    constexpr std::string_view kKey = "Cpus_allowed_list:\t";
    const size_t at = status.find(kKey);
    if (name.empty() || at == std::string::npos) continue;
    const size_t from = at + kKey.size();
    processors[name.substr(0, name.find('\n'))] = status.substr(from, status.find('\n', from) - from);
  }
  return processors;
}

TEST_F(CStressTest, PinnedThreadsHaveAProcessorEach) {
  CServerProcess& server = StartDemo();
  const auto p_program = Begin(server, {"--connections", "4", "--threads", "2", "--pin", "--duration", "1h"});
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 100));
  std::map<std::string, std::string> processors = ProcessorsOf(p_program->Pid());
  EXPECT_EQ(processors["sim-0"].find_first_not_of("0123456789"), std::string::npos) << processors["sim-0"];
  EXPECT_EQ(processors["sim-1"].find_first_not_of("0123456789"), std::string::npos) << processors["sim-1"];
  if (processors["client-sim"].find_first_not_of("0123456789") != std::string::npos) {
    EXPECT_NE(processors["sim-0"], processors["sim-1"]);
  }
  p_program->Signal(SIGINT);
  EXPECT_EQ(p_program->Wait(), 0) << p_program->Output() << p_program->Errors();
}

TEST_F(CStressTest, AServerOnIPv6) {
  if (!HasIPv6()) {
    CProgram program("client-sim", {"--connect", "[::1]:9", "--quiet"}, {Folder()});
    EXPECT_EQ(program.Wait(), 3) << program.Output() << program.Errors();
    return;
  }
  SServerOptions options;
  options.program = "switchboard";
  options.overrides = {"listener.1.address=::1", "listener.1.port=0"};
  options.listeners = 2;
  CServerProcess& server = Start(options);
  CProgram program("client-sim",
                   {"--connect", "[::1]:" + std::to_string(server.Port(1)), "--connections", "4", "--requests", "2000",
                    "--attack", "bad-crc", "--quiet"},
                   {Folder()});
  EXPECT_EQ(program.Wait(), 0) << program.Output() << program.Errors();
  EXPECT_GE(server.Count(ECounter::kPacketsReplied), 4000U) << "before and under the attack";
}

TEST_F(CStressTest, SeveralProcessesFromSeveralAddresses) {
  CServerProcess& server = StartDemo();
  std::vector<std::unique_ptr<CProgram>> programs;
  for (const char* p_sources : {"127.0.0.2,127.0.0.3", "127.0.0.4"}) {
    programs.push_back(Begin(server, {"--connections", "50", "--requests", "5000", "--source", p_sources}));
  }
  for (const auto& p_program : programs) EXPECT_EQ(p_program->Wait(), 0) << p_program->Output() << p_program->Errors();
  EXPECT_EQ(server.Count(ECounter::kPacketsAccepted), 10'000U);
  EXPECT_EQ(server.Count(ECounter::kConnectionsAccepted), 100U);
}

// What 20,000 descriptors are good for; the server needs as many, in one worker.
TEST_F(CStressTest, NineteenThousandConnections) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlim_t connections = std::min<rlim_t>(19'000 / kFewer, limit.rlim_max - 200);
  CServerProcess& server = StartDemo();
  const auto p_program =
      Begin(server, {"--connections", std::to_string(connections), "--requests", std::to_string(2 * connections),
                     "--connect-timeout", "100", "--source", "127.0.0.5,127.0.0.6", "--drain", "100"});
  EXPECT_EQ(p_program->Wait(std::chrono::minutes(2)), 0) << p_program->Output() << p_program->Errors();
  EXPECT_EQ(server.Count(ECounter::kConnectionsAccepted), connections);
  EXPECT_EQ(server.Count(ECounter::kPacketsReplied), 2 * connections);
}

TEST_F(CStressTest, MoreConnectionsThanDescriptorsAreRefusedAtOnce) {
  SProgramOptions options{Folder()};
  options.descriptors = 500;
  CProgram program("client-sim", {"--connect", "127.0.0.1:9", "--connections", "500"}, options);
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_NE(program.Errors().find("500 connections are too many for the 500 descriptors"), std::string::npos)
      << program.Errors();
}

TEST_F(CStressTest, WhatIsMistypedIsNamed) {
  const std::pair<std::vector<std::string>, const char*> mistakes[]{
      {{"--conect", "127.0.0.1:9"}, "--conect"},
      {{"rum", "--connect", "127.0.0.1:9"},
       "'rum' is no command: there are run, compare, proxy, replay, get, put, ls and hash"},
      {{"compare", "a.json"}, "B.json is required"},
      {{"--connect", "127.0.0.1:9", "--rate", "fast"}, "'fast' is no rate"},
  };
  for (const auto& [arguments, complaint] : mistakes) {
    CProgram program("client-sim", arguments, {Folder()});
    EXPECT_EQ(program.Wait(), 2) << complaint;
    EXPECT_NE(program.Errors().find(complaint), std::string::npos) << program.Errors();
  }
}

TEST_F(CStressTest, AStoppedRunEndsInOrder) {
  CServerProcess& server = StartDemo();
  const auto p_program = Begin(server, {"--connections", "4", "--duration", "1h", "--rate", "1000"});
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 100));
  p_program->Signal(SIGINT);
  EXPECT_EQ(p_program->Wait(), 0) << p_program->Output() << p_program->Errors();
}

// Whether requests lie in the sockets of a server that is frozen: /proc/net/tcp, proc(5).
static bool HasUnreadBytes(uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    unsigned int localPort = 0;
    unsigned int state = 0;
    unsigned int unread = 0;
    const int fields = std::sscanf(line.c_str(), " %*u: %*8x:%x %*8x:%*x %x %*x:%x", &localPort, &state, &unread);
    constexpr unsigned int kEstablished = 1;
    if (fields == 3 && localPort == port && state == kEstablished && unread > 0) return true;
  }
  return false;
}

TEST_F(CStressTest, ASecondSignalCutsTheDrainOff) {
  CServerProcess& server = StartDemo();
  const auto p_program = Begin(
      server, {"--connections", "4", "--duration", "1h", "--rate", "1000", "--drain", "1h", "--json", "cut.json"});
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 100));
  const pid_t worker = server.WorkerPid();
  ASSERT_TRUE(Freeze({server.MasterPid(), worker}));
  ASSERT_TRUE(Eventually([&] { return HasUnreadBytes(server.Port()); }));
  // Two that are not one and the same, as a signal that is pending twice comes once.
  p_program->Signal(SIGHUP);
  p_program->Signal(SIGINT);
  EXPECT_EQ(p_program->Wait(), 1) << p_program->Output() << p_program->Errors();
  Thaw({server.MasterPid(), worker});
  EXPECT_NE(p_program->Output().find("until the drain was cut off"), std::string::npos) << p_program->Output();
  EXPECT_TRUE(std::filesystem::file_size(Folder() / "cut.json") > 0);
}

}  // namespace
}  // namespace switchboard
