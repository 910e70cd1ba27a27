#include "proc/sys/CPidFile.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "proc/start/CRunningServer.h"

namespace switchboard {
namespace {

using testing::HasSubstr;

class CPidFileTest : public testing::Test {
 protected:
  CPidFileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pidfile-XXXXXX").string();
    m_folder = mkdtemp(pattern.data());
    m_path = (m_folder / "server.pid").string();
  }
  ~CPidFileTest() override { std::filesystem::remove_all(m_folder); }

  std::string FindError() const {
    try {
      CRunningServer server(m_path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path m_folder;
  std::string m_path;
};

TEST_F(CPidFileTest, HoldsThePidAndIsRemoved) {
  {
    const CPidFile file(m_path);
    pid_t pid = 0;
    std::ifstream(m_path) >> pid;
    EXPECT_EQ(pid, getpid());
  }
  EXPECT_FALSE(std::filesystem::exists(m_path));
}

TEST_F(CPidFileTest, SecondStartIsToldWhoRuns) {
  const CPidFile file(m_path);
  try {
    const CPidFile second(m_path);
    FAIL() << "two servers hold the same pid file";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "already running: process " + std::to_string(getpid()) + " holds the pid file " + m_path);
  }
  EXPECT_TRUE(std::filesystem::exists(m_path));
}

TEST_F(CPidFileTest, MissingDirectoryIsOneClearLine) {
  const std::string path = (m_folder / "missing" / "server.pid").string();
  try {
    const CPidFile file(path);
    FAIL() << "opened a pid file in no directory";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "cannot open the pid file " + path + ": No such file or directory");
  }
}

TEST_F(CPidFileTest, ForgottenByAChildItStaysLocked) {
  CPidFile file(m_path);
  const pid_t child = fork();
  if (child == 0) {
    file.Forget();
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(std::filesystem::exists(m_path));
  EXPECT_THROW(CPidFile second(m_path), std::runtime_error);
}

TEST_F(CPidFileTest, RunningServerIsFound) {
  const CPidFile file(m_path);
  const CRunningServer server(m_path);
  EXPECT_EQ(server.Pid(), getpid());
  EXPECT_NO_THROW(server.Signal(0));
  EXPECT_FALSE(server.WaitForEnd(std::chrono::milliseconds(1)));
}

TEST_F(CPidFileTest, NoServerIsFoundWithoutItsFile) {
  EXPECT_THAT(FindError(), HasSubstr("there is no pid file"));
  // Where it has looked, since a relative name says that only to who knows from where.
  EXPECT_THAT([] { CRunningServer("no-such.pid"); },
              testing::ThrowsMessage<std::runtime_error>(
                  HasSubstr((std::filesystem::current_path() / "no-such.pid").string() + ": there is no pid file")));
}

TEST_F(CPidFileTest, AFileThatCannotBeReadIsNoSignThatNoServerRuns) {
  m_path = (m_folder / "file" / "server.pid").string();
  std::ofstream(m_folder / "file") << "in the way";
  EXPECT_EQ(FindError(), "can't tell whether a server runs: " + m_path + ": Not a directory");
}

TEST_F(CPidFileTest, FileLeftByACrashIsStale) {
  std::ofstream(m_path) << getpid();  // alive, but not the holder of the file
  EXPECT_THAT(FindError(), HasSubstr("is stale"));
  const CPidFile next(m_path);
  EXPECT_EQ(FindError(), "");
}

TEST_F(CPidFileTest, FileThatHoldsNoPidIsStale) {
  std::ofstream(m_path) << "nonsense";
  EXPECT_THAT(FindError(), HasSubstr("is stale, and holds no pid"));
}

// Whoever can read the file can do this, and the pid in it may be anybody's by now.
TEST_F(CPidFileTest, AStrangersLockMakesNobodyAServer) {
  std::ofstream(m_path) << getpid();
  const CFd stranger(open(m_path.c_str(), O_RDONLY));
  ASSERT_EQ(flock(stranger.Get(), LOCK_EX), 0);
  EXPECT_THAT(FindError(), HasSubstr("is stale"));
  const CPidFile next(m_path);
  EXPECT_EQ(FindError(), "");
}

TEST_F(CPidFileTest, AReadersLockMakesNobodyAServer) {
  std::ofstream(m_path) << getpid();
  const CFd stranger(open(m_path.c_str(), O_RDONLY));
  struct flock lock {};
  lock.l_type = F_RDLCK;
  ASSERT_EQ(fcntl(stranger.Get(), F_OFD_SETLK, &lock), 0);
  EXPECT_THAT(FindError(), HasSubstr("is stale"));
}

TEST_F(CPidFileTest, AnotherFileOfItsNameStays) {
  {
    const CPidFile file(m_path);
    std::filesystem::remove(m_path);
    std::ofstream(m_path) << "another server's";
  }
  EXPECT_TRUE(std::filesystem::exists(m_path));
}

TEST_F(CPidFileTest, ALinkToAFileIsNotWritten) {
  const std::filesystem::path target = m_folder / "precious";
  std::ofstream(target) << "precious";
  std::filesystem::create_hard_link(target, m_path);
  EXPECT_THROW(CPidFile file(m_path), std::runtime_error);
  EXPECT_EQ(std::filesystem::file_size(target), 8U);
}

TEST_F(CPidFileTest, ALinkIsRefusedAndNotFollowed) {
  const std::filesystem::path target = m_folder / "target";
  std::filesystem::create_symlink(target, m_path);
  EXPECT_EQ(CPidFile::WhyForeign(m_path), "it is a link");
  for (const bool hasTarget : {false, true}) {
    if (hasTarget) std::ofstream(target) << "4711";
    try {
      const CPidFile file(m_path);
      FAIL() << "a link is a pid file";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "cannot open the pid file " + m_path + ": it is a link");
    }
    EXPECT_EQ(std::filesystem::exists(target), hasTarget);
  }
  EXPECT_EQ(std::filesystem::file_size(target), 4U);
}

TEST_F(CPidFileTest, WhatNoServerHasWrittenIsLeftAlone) {
  for (const std::string& precious : {std::string("[server]\nworkers = 2\n"), std::string(33, '1')}) {
    std::ofstream(m_path) << precious;
    EXPECT_THAT(CPidFile::WhyForeign(m_path), HasSubstr("it holds something else than a pid"));
    try {
      const CPidFile file(m_path);
      FAIL() << "a file is lost";
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("cannot use the pid file " + m_path + ": it holds something else"));
    }
    std::ostringstream text;
    text << std::ifstream(m_path).rdbuf();
    EXPECT_EQ(text.str(), precious);
  }
}

TEST_F(CPidFileTest, WhatACrashOfTheMachineHasLeftIsTaken) {
  for (const std::string& left : {std::string(), std::string(4, '\0'), std::string("4711\n")}) {
    std::ofstream(m_path, std::ios::trunc) << left;
    EXPECT_EQ(CPidFile::WhyForeign(m_path), "");
    const CPidFile file(m_path);
    EXPECT_EQ(FindError(), "");
  }
}

TEST_F(CPidFileTest, EndOfTheServerIsWaitedFor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const CPidFile file(m_path);
    [[maybe_unused]] const ssize_t told = write(ends[1], "x", 1);
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  const CRunningServer server(m_path);
  EXPECT_EQ(server.Pid(), child);
  EXPECT_FALSE(server.IsStopped());
  server.Signal(SIGSTOP);
  ASSERT_EQ(waitpid(child, nullptr, WUNTRACED), child);
  EXPECT_TRUE(server.IsStopped());
  server.Signal(SIGKILL);
  EXPECT_TRUE(server.WaitForEnd(std::chrono::seconds(10)));
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_THAT(FindError(), HasSubstr("is stale"));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace switchboard
