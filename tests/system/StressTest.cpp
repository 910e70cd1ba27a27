// client-sim's runs against the real server: scenarios, and runs across restarts.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/system/CSystemTest.h"

namespace switchboard {
namespace {

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

TEST_F(CStressTest, ACrashFailsARunThatDoesNotExpectIt) {
  EXPECT_EQ(RunAcrossACrash({"--reconnect"}), 1) << m_output;
  EXPECT_NE(m_output.find("in flight"), std::string::npos) << m_output;
}

TEST_F(CStressTest, ARunThatExpectsResetsGoesOnAfterACrash) {
  EXPECT_EQ(RunAcrossACrash({"--reconnect", "--expect-reset"}), 0) << m_output;
  EXPECT_NE(m_output.find("reconnects"), std::string::npos) << m_output;
}

TEST_F(CStressTest, AStoppedRunEndsInOrder) {
  CServerProcess& server = StartDemo();
  const auto p_program = Begin(server, {"--connections", "4", "--duration", "1h", "--rate", "1000"});
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 100));
  p_program->Signal(SIGINT);
  EXPECT_EQ(p_program->Wait(), 0) << p_program->Output() << p_program->Errors();
}

}  // namespace
}  // namespace switchboard
