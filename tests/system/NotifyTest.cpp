// What the server tells its service manager, on a socket of the kind that systemd has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "misc/file/CFd.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

class CNotifyTest : public CSystemTest {
 protected:
  CNotifyTest() : m_socket(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const std::string path = Folder() / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(m_socket.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const timeval patience{kPatience.count(), 0};
    setsockopt(m_socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const int on = 1;
    setsockopt(m_socket.Get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~CNotifyTest() override {
    for (const char* p_name : {"NOTIFY_SOCKET", "WATCHDOG_USEC"}) unsetenv(p_name);
  }

  struct SNote {
    std::string text;
    pid_t sender = 0;
  };
  // The next one, whatever it is; an empty one (and a failure of the test) when none comes.
  SNote Receive() {
    std::array<char, 512> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    iovec bytes{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(m_socket.Get(), &message, 0);
    EXPECT_GT(size, 0) << "the manager was told nothing";
    if (size <= 0) return {};
    SNote note{std::string(text.data(), static_cast<size_t>(size))};
    const cmsghdr* p_header = CMSG_FIRSTHDR(&message);
    if (p_header != nullptr) note.sender = reinterpret_cast<const ucred*>(CMSG_DATA(p_header))->pid;
    return note;
  }
  // The next one that is no sign of life.
  SNote Next() {
    SNote note = Receive();
    while (note.text == "WATCHDOG=1") note = Receive();
    return note;
  }
  void ExpectReload(const std::string& status) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t latest = now.tv_sec + 1 + kPatience.count();
    const std::string text = Next().text;
    ASSERT_THAT(text, MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    const int64_t seconds = std::stoll(text.substr(text.rfind('=') + 1)) / 1'000'000;
    EXPECT_LE(seconds, latest);
    EXPECT_GE(seconds, now.tv_sec - kPatience.count());
    EXPECT_THAT(Next().text, StartsWith("READY=1\nSTATUS=" + status));
  }
  // Of the first start.
  static std::string ReadyOf(pid_t pid) { return "MAINPID=" + std::to_string(pid) + "\nREADY=1"; }

  CFd m_socket;
};

TEST_F(CNotifyTest, TheManagerHearsOfStartReloadAndStop) {
  ExpectComplaint("the reload is refused");
  CServerProcess& server = Start();
  const SNote ready = Next();
  EXPECT_EQ(ready.text, ReadyOf(server.MasterPid()));
  EXPECT_EQ(ready.sender, server.MasterPid());
  server.Signal(SIGHUP);
  ExpectReload("reloaded: generation 2 serves");
  const std::string config = ReadFile(Folder() / "switchboard.toml");
  std::ofstream(Folder() / "switchboard.toml") << "nonsense";
  server.Signal(SIGHUP);
  ExpectReload("the reload is refused");
  std::ofstream(Folder() / "switchboard.toml") << config;
  server.Signal(SIGQUIT);
  EXPECT_EQ(Next().text, "STOPPING=1");
}

TEST_F(CNotifyTest, TheManagerGetsSignsOfLife) {
  setenv("WATCHDOG_USEC", "200000", 1);
  CServerProcess& server = Start();
  EXPECT_EQ(Receive().text, ReadyOf(server.MasterPid()));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Receive().text, "WATCHDOG=1");
}

TEST_F(CNotifyTest, ADaemonSaysThatItIsTheMainProcess) {
  SServerOptions options;
  options.isDaemon = true;
  CServerProcess& server = Start(options);
  const SNote ready = Next();
  EXPECT_EQ(ready.text, ReadyOf(server.MasterPid()));
  EXPECT_EQ(ready.sender, server.MasterPid());
}

TEST_F(CNotifyTest, AnUpgradeMovesTheMainProcess) {
  setenv("WATCHDOG_USEC", "200000", 1);
  CServerProcess& server = Start();
  EXPECT_EQ(Next().text, ReadyOf(server.MasterPid()));
  // One that is rolled back, and one that stays.
  for (const bool isRolledBack : {true, false}) {
    server.Signal(SIGUSR2);
    const SNote ready = Next();
    EXPECT_EQ(ready.text, ReadyOf(ready.sender));
    EXPECT_NE(ready.sender, server.MasterPid());
    const SNote main = Next();
    EXPECT_EQ(main.text, "MAINPID=" + std::to_string(ready.sender));
    EXPECT_EQ(main.sender, server.MasterPid());
    if (isRolledBack) {
      // The service doesn't stop with it.
      kill(ready.sender, SIGQUIT);
      EXPECT_EQ(Next().text, "MAINPID=" + std::to_string(server.MasterPid()));
      continue;
    }
    server.Signal(SIGQUIT);
    EXPECT_EQ(server.WaitForEnd(), 0);
    // The old one's last signs of life may be under way.
    SNote sign = Receive();
    while (sign.sender == server.MasterPid()) sign = Receive();
    EXPECT_EQ(sign.text, "WATCHDOG=1");
    EXPECT_EQ(sign.sender, ready.sender);
    kill(ready.sender, SIGTERM);
    EXPECT_EQ(Next().text, "STOPPING=1");
  }
}

}  // namespace
}  // namespace switchboard
