// A section of the configuration, and counters, that are the logic's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <deque>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "proc/sys/ExitCode.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class COwnConfigTest : public CSystemTest {
 protected:
  // Writes the configuration of the tests with these lines behind it.
  void Configure(const std::string& lines) const {
    std::ofstream(CServerProcess::WriteConfig(Folder()), std::ios::app) << lines;
  }
  // Until then, an old worker may still take a client.
  static bool WaitForWorkers(const CServerProcess& server, size_t workers) {
    return Eventually([&] { return ChildrenOf(server.MasterPid()).size() == workers; });
  }
  // The end of a line of --status.
  std::string Status(const std::string& name) {
    const SRunResult result = RunTestServer({"-c", "switchboard.toml", "--status"});
    EXPECT_EQ(result.exitCode, 0) << result.errors;
    const size_t at = result.output.find("\n" + name + "=");
    if (at == std::string::npos) return "no such counter";
    const size_t begin = at + name.size() + 2;
    return result.output.substr(begin, result.output.find('\n', begin) - begin);
  }
  SRunResult RunTestServer(const std::vector<std::string>& arguments) {
    CProgram program("test-server", arguments, {Folder()});
    const std::optional<int> exitCode = program.Wait();
    return {exitCode.value_or(-1), program.Output(), program.Errors()};
  }
};

TEST_F(COwnConfigTest, TheTestOfAConfigurationChecksKeysOfTheLogic) {
  Configure("[test]\nnumber = 1001\n");
  const SRunResult range = RunTestServer({"-t", "-c", "switchboard.toml"});
  EXPECT_EQ(range.exitCode, kExitFailed);
  EXPECT_THAT(range.errors, MatchesRegex("test-server: switchboard\\.toml:[0-9]+: test\\.number: 1001 is out of range; "
                                         "allowed: 1\\.\\.1000 pieces\n"));
  Configure("[test]\nnumbers = 1\n");
  const SRunResult unknown = RunTestServer({"-t", "-c", "switchboard.toml"});
  EXPECT_EQ(unknown.exitCode, kExitFailed);
  EXPECT_THAT(unknown.errors, HasSubstr(": test.numbers: unknown key; allowed: number, readable, writable\n"));
  Configure("[test]\nnumber = 1000\n");
  EXPECT_EQ(RunTestServer({"-t", "-c", "switchboard.toml"}).exitCode, 0);
  EXPECT_EQ(RunTestServer({"-t", "-c", "switchboard.toml", "--set", "test.number=0"}).errors,
            "test-server: --set test.number=0: 0 is out of range; allowed: 1..1000 pieces\n");
  // Another program knows no such section.
  EXPECT_THAT(Run({"-t", "-c", "switchboard.toml"}).errors, HasSubstr(": test: unknown section; allowed: server, "));
}

TEST_F(COwnConfigTest, TheHelpListsSectionsOfTheLogicBesideAllOthers) {
  const SRunResult own = RunTestServer({"--help-config"});
  EXPECT_EQ(own.exitCode, 0);
  EXPECT_THAT(own.output, HasSubstr("\n[business]  "));
  EXPECT_THAT(own.output, HasSubstr("\n[transfer]  "));
  EXPECT_THAT(own.output, HasSubstr("\n[test]  of the system tests\n"
                                    "  number = 7\n      the answer to kTestConfig\n      allowed: 1..1000 pieces\n"));
  EXPECT_THAT(own.output, HasSubstr("daemon = true  (fixed until the next start)\n"));
  EXPECT_THAT(Run({"--help-config"}).output, testing::Not(HasSubstr("[test]")));
}

TEST_F(COwnConfigTest, AReloadBringsKeysOfTheLogicAndRefusesBadOnes) {
  ExpectComplaint("the reload is refused, and the old configuration stays: ");
  CServerProcess& server = Start();
  std::optional<CTestClient> first(std::in_place, server.Port());
  EXPECT_EQ(NumberIn(Ask(*first, kTestConfig)), 7U);
  const pid_t worker = server.WorkerPid();

  Configure("[test]\nnumber = 0\n");
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("the reload is refused"));
  EXPECT_THAT(server.LogLines("the reload is refused").front(),
              testing::ContainsRegex("toml:[0-9]+: test\\.number: 0 is out of range; allowed: 1\\.\\.1000 pieces"));
  EXPECT_EQ(server.WorkerPid(), worker);
  EXPECT_EQ(NumberIn(Ask(*first, kTestConfig)), 7U);
  first.reset();

  Configure("[test]\nnumber = 8\n");
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("reloaded: "));
  ASSERT_TRUE(WaitForWorkers(server, 1));
  CTestClient second(server.Port());
  EXPECT_EQ(NumberIn(Ask(second, kTestConfig)), 8U);
}

TEST_F(COwnConfigTest, TheCommandLineSetsKeysOfTheLogic) {
  CServerProcess& server = StartWith({"test.number=9"});
  CTestClient client(server.Port());
  EXPECT_EQ(NumberIn(Ask(client, kTestConfig)), 9U);
}

TEST_F(COwnConfigTest, CountersOfTheLogicAreExactOverCrashesAndReloads) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.workers=2"});
  uint64_t expected = 0;
  for (int round = 0; round < 3; ++round) {
    std::deque<CTestClient> clients;
    for (uint32_t i = 1; i <= 40; ++i) {
      CTestClient& client = clients.emplace_back(server.Port());
      EXPECT_EQ(Ask(client, i % 2 == 0 ? kTestSample : kTestSampleInline, i).msgCode,
                i % 2 == 0 ? kTestSample : kTestSampleInline);
      expected += i;
    }
    EXPECT_EQ(Status("samples"), std::to_string(expected));
    clients.clear();
    if (round == 0) {
      for (uint32_t slot = 0; slot < 2; ++slot) {
        const pid_t worker = server.WorkerPid(slot);
        kill(worker, SIGKILL);
        ASSERT_TRUE(server.WaitForNewWorker(slot, worker));
      }
    } else {
      const size_t reloads = server.CountInLog("reloaded: ");
      server.Signal(SIGHUP);
      ASSERT_TRUE(server.WaitForLog("reloaded: ", reloads + 1));
      ASSERT_TRUE(WaitForWorkers(server, 2));
    }
    EXPECT_EQ(Status("samples"), std::to_string(expected));
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("samples"), expected);
}

// The logic uses it, and says no more of it.
TEST_F(COwnConfigTest, AModuleBringsItsSectionAndItsCounters) {
  Configure("[gauge]\nwidth = 10\n");
  const SRunResult range = RunTestServer({"-t", "-c", "switchboard.toml"});
  EXPECT_EQ(range.exitCode, kExitFailed);
  EXPECT_THAT(range.errors, MatchesRegex("test-server: switchboard\\.toml:[0-9]+: gauge\\.width: 10 is out of range; "
                                         "allowed: 1\\.\\.9 feet\n"));
  EXPECT_THAT(RunTestServer({"--help-config"}).output,
              HasSubstr("\n[gauge]  of a module of the system tests\n  width = 3\n"));
  EXPECT_THAT(Run({"--help-config"}).output, testing::Not(HasSubstr("[gauge]")));

  CServerProcess& server = StartWith({"gauge.width=4"});
  CTestClient client(server.Port());
  EXPECT_EQ(NumberIn(Ask(client, kTestGauge)), 4U);
  EXPECT_EQ(NumberIn(Ask(client, kTestGauge)), 4U);
  EXPECT_EQ(Status("gauged"), "2");
}

TEST_F(COwnConfigTest, AReloadRefusesBadKeysOfAModule) {
  ExpectComplaint("the reload is refused, and the old configuration stays: ");
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  Configure("[gauge]\nwidth = 0\n");
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("the reload is refused"));
  EXPECT_THAT(server.LogLines("the reload is refused").front(),
              testing::ContainsRegex("toml:[0-9]+: gauge\\.width: 0 is out of range; allowed: 1\\.\\.9 feet"));
  EXPECT_EQ(NumberIn(Ask(client, kTestGauge)), 3U);
}

}  // namespace
}  // namespace switchboard
