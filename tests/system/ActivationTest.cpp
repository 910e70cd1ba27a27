// A service manager has opened the listening socket, and starts the server when it likes.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <string>

#include "misc/file/CFd.h"
#include "tests/system/CSteadyLoad.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::HasSubstr;

class CActivationTest : public CSystemTest {
 protected:
  CActivationTest() : m_socket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(m_socket.Get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(m_socket.Get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(listen(m_socket.Get(), 64), 0);
    m_port = ntohs(address.sin_port);
  }

  CServerProcess& StartActivated() {
    SServerOptions options;
    options.overrides = {"server.workers=2", "listener.0.port=" + std::to_string(m_port)};
    options.activated = m_socket.Get();
    return Start(options);
  }

  const CFd m_socket;
  uint16_t m_port = 0;
};

TEST_F(CActivationTest, WhoCameBeforeTheServerIsServed) {
  CTestClient early(m_port);
  ASSERT_TRUE(early.SendFrame(kTestEcho, "early"));
  const CServerProcess& server = StartActivated();
  EXPECT_EQ(server.Port(), m_port);
  EXPECT_EQ(Next(early).Text(), "early");
}

TEST_F(CActivationTest, TheSocketOutlivesWorkersReloadsAndUpgrades) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartActivated();
  const pid_t victim = server.WorkerPid();
  kill(victim, SIGKILL);
  ASSERT_TRUE(server.WaitForNewWorker(0, victim));
  CSteadyLoad load(m_port, kTestEcho, 4);
  ASSERT_TRUE(load.WaitForAnswers());
  server.Signal(SIGHUP);
  ASSERT_TRUE(server.WaitForLog("reloaded: "));
  ASSERT_TRUE(load.WaitForAnswers());
  server.Signal(SIGUSR2);
  ASSERT_TRUE(server.WaitForLog("serves; SIGQUIT makes this one leave"));
  const pid_t newMaster = std::stoi("0" + ReadFile(Folder() / "switchboard.pid"));
  server.Signal(SIGQUIT);
  EXPECT_EQ(server.WaitForEnd(), 0);
  ASSERT_TRUE(load.WaitForAnswers());
  load.Stop();
  EXPECT_EQ(load.Complaints(), "");
  kill(newMaster, SIGTERM);
  EXPECT_TRUE(Eventually([this] { return ProcessesIn(Folder()).empty(); }));
}

TEST_F(CActivationTest, ASocketThatNoListenerWantsRefusesTheStart) {
  SServerOptions options;
  options.activated = m_socket.Get();
  std::string errors;
  try {
    Start(options);
  } catch (const std::runtime_error& error) {
    errors = error.what();
  }
  EXPECT_THAT(errors, HasSubstr("belongs to no [[listener]]"));
}

}  // namespace
}  // namespace switchboard
