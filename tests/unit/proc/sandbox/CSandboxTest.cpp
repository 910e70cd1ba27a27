#include "proc/sandbox/CSandbox.h"

#include <gtest/gtest.h>
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
