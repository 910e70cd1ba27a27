// No session is ever the same twice, whatever becomes of the workers and the masters.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kWorkers = 4;

class CSessionTest : public CSystemTest {
 protected:
  // Connects until every worker has told some sessions; each must be new.
  void CollectSessions(const CServerProcess& server) {
    std::set<std::string> processes;
    for (int i = 0; i < 200 && processes.size() < kWorkers; ++i) {
      CTestClient client(server.Port());
      const std::string session = Ask(client, kTestSession).Text();
      EXPECT_TRUE(m_sessions.insert(session).second) << session << " is there twice";
      processes.insert(session.substr(0, session.find(':')));
    }
    EXPECT_EQ(processes.size(), kWorkers);
  }
  // All workers of a master at once, at the same places as before.
  void KillWorkers(const CServerProcess& server, pid_t master) {
    const std::vector<pid_t> victims = ChildrenOf(master);
    const size_t ready = server.CountInLog(") is ready");
    for (const pid_t pid : victims) {
      if (CommandLineOf(pid).find("worker process") != std::string::npos) kill(pid, SIGKILL), ++m_killed;
    }
    ASSERT_TRUE(server.WaitForLog(") is ready", ready + kWorkers));
  }
  static void Reload(const CServerProcess& server, pid_t master) {
    const size_t before = server.CountInLog("reloaded: ");
    kill(master, SIGHUP);
    ASSERT_TRUE(server.WaitForLog("reloaded: ", before + 1));
  }
  pid_t Master() const { return std::stoi("0" + ReadFile(Folder() / "switchboard.pid")); }

  std::set<std::string> m_sessions;
  size_t m_killed = 0;
};

TEST_F(CSessionTest, NoSessionIsTwiceWhateverRestarts) {
  CServerProcess& server = StartWith({"server.workers=4"});
  AllowComplaint("was killed by SIGKILL");
  AllowComplaint("the upgrade failed, and this binary goes on");
  AllowComplaint("the start failed: the worker cannot start: this logic refuses to start");
  pid_t master = server.MasterPid();
  for (size_t upgrades = 0; upgrades < 3; ++upgrades) {
    CollectSessions(server);
    for (int i = 0; i < 3; ++i) {
      KillWorkers(server, master);
      CollectSessions(server);
    }
    Reload(server, master);
    CollectSessions(server);

    // Refused; what the new binary had started took numbers as well.
    std::ofstream(Folder() / kTestRefuseFile).close();
    kill(master, SIGUSR2);
    ASSERT_TRUE(server.WaitForLog("the upgrade failed, and this binary goes on", upgrades + 1));
    fs::remove(Folder() / kTestRefuseFile);
    KillWorkers(server, master);
    CollectSessions(server);

    // Both binaries start workers at the same time.
    kill(master, SIGUSR2);
    ASSERT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave", upgrades + 1));
    const pid_t next = Master();
    KillWorkers(server, master);
    KillWorkers(server, next);
    KillWorkers(server, master);
    CollectSessions(server);
    kill(master, SIGQUIT);
    ASSERT_TRUE(Eventually([&] { return !fs::exists(Folder() / "switchboard.pid.oldbin"); }));
    master = next;
  }
  CollectSessions(server);
  EXPECT_GE(m_killed, 60U);
  kill(master, SIGTERM);
  EXPECT_TRUE(Eventually([this] { return ProcessesIn(Folder()).empty(); }));
}

}  // namespace
}  // namespace switchboard
