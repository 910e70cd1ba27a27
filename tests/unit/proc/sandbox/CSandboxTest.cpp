#include "proc/sandbox/CSandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/support/CTemporaryFolder.h"
#include "tests/support/Transgressions.h"

namespace switchboard {
namespace {

// The exit code of a process that does it in a sandbox.
int Sandboxed(const CSandboxWishes& wishes, const std::function<int()>& act, const SConfig& config = {}) {
  const pid_t pid = fork();
  if (pid == 0) {
    CSandbox(config, wishes).Enter();
    _exit(act());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int Sandboxed(const CSandboxWishes& wishes, const std::string& act) {
  return Sandboxed(wishes, [&act] { return Transgress(act); });
}

TEST(CSandboxTest, SocketsAreForWhoAsksForThemAndRawOnesForNobody) {
  EXPECT_EQ(Sandboxed({}, "socket"), EPERM);
  CSandboxWishes wishes;
  wishes.AllowSockets();
  EXPECT_EQ(Sandboxed(wishes, "socket"), 0);
  EXPECT_EQ(Sandboxed(wishes, "raw"), EPERM);
  EXPECT_EQ(Sandboxed(wishes, "packet"), EPERM);
}

TEST(CSandboxTest, WhatOthersShareIsRefusedToWhoHasSocketsToo) {
  CSandboxWishes wishes;
  wishes.AllowSockets();
  for (const char* const p_act : {"filter-packets", "steer-clients", "chmod", "chown", "touch", "renice-master"}) {
    EXPECT_EQ(Sandboxed(wishes, p_act), EPERM) << p_act;
  }
  EXPECT_EQ(Sandboxed(wishes, "connect"), EBADF);
}

// What a thread does to itself, a connection and an open file needs.
TEST(CSandboxTest, WhatIsItsOwnAWorkerMayChange) {
  const CTemporaryFolder folder;
  const int file = open((folder.Path() / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const auto failure = [&] {
    const sched_param none{};
    const linger reset{1, 0};
    if (sched_setscheduler(0, SCHED_BATCH, &none) != 0) return 1;
    if (setpriority(PRIO_PROCESS, 0, 1) != 0) return 2;
    if (fchmod(file, 0640) != 0 || futimens(file, nullptr) != 0) return 3;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return 4;
    if (setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) != 0) return 5;
    if (send(ends[0], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return 6;
    return 0;
  };
  EXPECT_EQ(Sandboxed({}, failure), 0);
  close(file);
  close(ends[0]);
  close(ends[1]);
}

TEST(CSandboxTest, ProgramsAreForWhoAsksForThem) {
  const auto runsTrue = [] {
    const pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid == 0) execl("/bin/true", "true", nullptr), _exit(99);
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 98;
  };
  CSandboxWishes wishes;
  EXPECT_NE(Sandboxed(wishes, runsTrue), 0);
  wishes.AllowExec();
  EXPECT_EQ(Sandboxed(wishes, runsTrue), 0);
  EXPECT_EQ(Sandboxed(wishes, "setuid"), EPERM);
  EXPECT_EQ(Sandboxed(wishes, "mount"), EPERM);
}

TEST(CSandboxTest, PathsAreForWhoAsksForThem) {
  if (!CPathFence::Missing().empty()) return;
  const CTemporaryFolder folder;
  const std::string file = (folder.Path() / "file").string();
  CSandboxWishes wishes;
  EXPECT_EQ(Sandboxed(wishes, "write:" + file), EACCES);
  wishes.AllowWrite(folder.Path().string());
  EXPECT_EQ(Sandboxed(wishes, "write:" + file), 0);
  CSandboxWishes reading;
  reading.AllowRead(folder.Path().string());
  EXPECT_EQ(Sandboxed(reading, "read:" + file), 0);
  EXPECT_EQ(Sandboxed(reading, "write:" + file), EACCES);
}

TEST(CSandboxTest, ALogCanBeOpenedAgainInItsFolderAndNothingReadThere) {
  if (!CPathFence::Missing().empty()) return;
  const CTemporaryFolder folder;
  SConfig config;
  config.log.file = (folder.Path() / "log").string();
  const auto attempt = [&](const std::string& act) {
    return Sandboxed(
        {}, [&act] { return Transgress(act); }, config);
  };
  EXPECT_EQ(attempt("write:" + config.log.file), 0);
  EXPECT_EQ(attempt("read:" + config.log.file), EACCES);
}

TEST(CSandboxTest, OffIsNone) {
  SConfig config;
  config.server.sandbox = ESandbox::kOff;
  EXPECT_EQ(Sandboxed(
                {}, [] { return Transgress("socket"); }, config),
            0);
}

}  // namespace
}  // namespace switchboard
