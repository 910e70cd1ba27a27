#include "misc/count/CMappingGuard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "misc/count/CScoreboard.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

TEST(CMappingGuardTest, AScoreboardWhoseFileIsCutIsUsedOn) {
  const CTemporaryFolder folder;
  const std::string path = (folder.Path() / "scoreboard").string();
  CScoreboard scoreboard(path, 2);
  scoreboard.Page(1).pid.store(4711);
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(scoreboard.Page(1).pid.load(), 0);
  scoreboard.Page(1).pid.store(4712);
  EXPECT_EQ(scoreboard.Page(1).pid.load(), 4712);
  EXPECT_EQ(scoreboard.Sum()[0], 0U);
}

TEST(CMappingGuardTest, AnotherBusErrorIsWhatItWas) {
  const CTemporaryFolder folder;
  const CScoreboard scoreboard((folder.Path() / "scoreboard").string(), 1);
  const pid_t pid = fork();
  if (pid == 0) {
    signal(SIGBUS, SIG_DFL);
    CMappingGuard::Uninstall();
    signal(SIGBUS, SIG_DFL);
    CMappingGuard::Install();
    raise(SIGBUS);
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGBUS);
}

}  // namespace
}  // namespace switchboard
