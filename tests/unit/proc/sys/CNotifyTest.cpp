#include "proc/sys/CNotify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>

#include "misc/file/CFd.h"
#include "testing/CFakeClock.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

// The service manager, as far as a service sees it.
class CNotifyTest : public testing::Test {
 protected:
  CNotifyTest() : m_socket(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    std::string pattern = (fs::temp_directory_path() / "notify-XXXXXX").string();
    m_folder = mkdtemp(pattern.data());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = m_folder / "socket";
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(m_socket.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~CNotifyTest() override {
    for (const char* p_name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(p_name);
    fs::remove_all(m_folder);
  }

  std::string Received() {
    std::array<char, 512> text;
    const ssize_t bytes = recv(m_socket.Get(), text.data(), text.size(), 0);
    return bytes < 0 ? "" : std::string(text.data(), static_cast<size_t>(bytes));
  }
  static void AllowSilence(const char* p_microseconds, pid_t pid) {
    setenv("WATCHDOG_USEC", p_microseconds, 1);
    setenv("WATCHDOG_PID", std::to_string(pid).c_str(), 1);
  }

  fs::path m_folder;
  CFd m_socket;
  CFakeClock m_clock;
};

TEST_F(CNotifyTest, TellsTheManager) {
  CNotify notify(m_clock);
  notify.Ready();
  EXPECT_EQ(Received(), "MAINPID=" + std::to_string(getpid()) + "\nREADY=1");
  notify.Reloading();
  EXPECT_THAT(Received(), testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  notify.MainProcess(4711);
  EXPECT_EQ(Received(), "MAINPID=4711");
  notify.Stopping();
  EXPECT_EQ(Received(), "STOPPING=1");
  notify.SignOfLife();
  EXPECT_EQ(Received(), "");
  EXPECT_EQ(notify.NextSignOfLife(), std::nullopt);
}

TEST_F(CNotifyTest, TellsTheOperatorThroughTheManager) {
  CNotify notify(m_clock);
  notify.Ready();
  Received();
  notify.Ready("reloaded");
  EXPECT_EQ(Received(), "READY=1\nSTATUS=reloaded");
}

// As many notes as its queue has no room for: the call comes back.
TEST_F(CNotifyTest, AManagerThatDoesNotReadHoldsNobodyUp) {
  const CNotify notify(m_clock);
  for (int i = 0; i < 10'000; ++i) notify.Stopping();
  EXPECT_EQ(Received(), "STOPPING=1");
}

TEST_F(CNotifyTest, IsSilentWithoutAManager) {
  unsetenv("NOTIFY_SOCKET");
  CNotify notify(m_clock);
  notify.Ready();
  notify.Stopping();
  EXPECT_EQ(Received(), "");
}

TEST_F(CNotifyTest, GivesSignsOfLifeTwiceAsOftenAsNeeded) {
  AllowSilence("3000000", getpid());
  CNotify notify(m_clock);
  EXPECT_EQ(notify.NextSignOfLife(), std::nullopt) << "the start may take its time";
  notify.Ready();
  EXPECT_EQ(Received(), "MAINPID=" + std::to_string(getpid()) + "\nREADY=1");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(notify.NextSignOfLife(), m_clock.Now());
    notify.SignOfLife();
    EXPECT_EQ(Received(), "WATCHDOG=1");
    m_clock.Advance(std::chrono::milliseconds(1499));
    notify.SignOfLife();
    EXPECT_EQ(Received(), "");
    m_clock.Advance(std::chrono::milliseconds(1));
  }
}

TEST_F(CNotifyTest, TheWatchdogOfAnotherProcessIsNotOurs) {
  AllowSilence("3000000", 1 + getpid() + getppid());
  CNotify notify(m_clock);
  notify.Ready();
  EXPECT_EQ(notify.NextSignOfLife(), std::nullopt);
}

TEST_F(CNotifyTest, ANewerBinaryTakesTheWatchdogOver) {
  AllowSilence("3000000", getppid());
  CNotify notify(m_clock);
  notify.Ready();
  EXPECT_TRUE(notify.NextSignOfLife().has_value());
  EXPECT_EQ(getenv("WATCHDOG_PID"), std::to_string(getpid()));
}

}  // namespace
}  // namespace switchboard
