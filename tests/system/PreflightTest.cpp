// `switchboard -t` does the arithmetic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "misc/file/CFd.h"
#include "proc/sys/ExitCode.h"
#include "tests/system/CSystemTest.h"

namespace switchboard {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class CPreflightTest : public CSystemTest {
 protected:
  SRunResult TestConfig(const std::vector<std::string>& overrides, bool isUnprivileged = false) {
    std::vector<std::string> arguments{"-t", "-c", CServerProcess::WriteConfig(Folder()).string()};
    for (const std::string& setting : overrides) arguments.insert(arguments.end(), {"--set", setting});
    return Run(arguments, isUnprivileged);
  }
};

TEST_F(CPreflightTest, TheTableIsPrinted) {
  const SRunResult result = TestConfig({"pool.max_connections=1000", "listener.0.backlog=1"});
  EXPECT_EQ(result.exitCode, kExitOk);
  EXPECT_EQ(result.errors, "");
  for (const char* p_row :
       {"replies that wait to be sent +1,000 × 4.0 MiB +3.9 GiB\n", "backlog of listener 0 ",
        "descriptors of a worker +32 \\+ 1 × 1 \\+ 1,000 +1,033\n", "threads +1 × \\(8 \\+ 6\\) +14\n"}) {
    EXPECT_THAT(result.output, ContainsRegex(p_row));
  }
}

TEST_F(CPreflightTest, WhatIsDoubtfulIsSaidAndServedAllTheSame) {
  const std::vector<std::string> doubtful{"heartbeat.interval_s=1", "pool.max_connections=1000"};
  const SRunResult result = TestConfig(doubtful);
  EXPECT_EQ(result.exitCode, kExitOk);
  EXPECT_THAT(result.output, HasSubstr("\ndoubtful: limits.packet_timeout_s: 10 s never come"));
  CServerProcess& server = StartWith(doubtful);
  EXPECT_EQ(server.CountInLog("doubtful: limits.packet_timeout_s: 10 s never come"), 1U);
}

TEST_F(CPreflightTest, WhatIsImpossibleIsRefused) {
  const std::vector<std::string> impossible{"listener.0.port=4711", "listener.1.address=0.0.0.0",
                                            "listener.1.port=4711"};
  for (const SRunResult& result : {TestConfig(impossible), RunServer(impossible)}) {
    EXPECT_EQ(result.exitCode, kExitFailed);
    EXPECT_EQ(result.output, "");
    EXPECT_THAT(result.errors, testing::MatchesRegex("switchboard: .*: listener\\.1: port 4711 of 0\\.0\\.0\\.0 is "
                                                     "taken by listener\\.0 \\(127\\.0\\.0\\.1\\)\n"));
  }
  EXPECT_THAT(TestConfig({}).output, Not(HasSubstr("taken")));
}

TEST_F(CPreflightTest, WhatAStartWouldMeetIsFoundBefore) {
  const std::vector<std::vector<std::string>> mistakes{
      {"server.pid_file=missing/a.pid"},
      {"log.file=missing/a.log"},
      {"log.file=" + Folder().string()},
      {"listener.0.protocol=http", "listener.0.access_log=missing/access.log"},
      {"transfer.root=missing"},
      {"listener.0.address=192.0.2.1", "listener.0.port=9000"},
      {"listener.0.address=::ffff:127.0.0.1", "listener.0.port=9000"},
  };
  for (const std::vector<std::string>& overrides : mistakes) {
    const SRunResult test = TestConfig(overrides);
    EXPECT_EQ(test.exitCode, kExitFailed) << overrides.front();
    EXPECT_EQ(test.output, "");
    EXPECT_THAT(test.errors, HasSubstr(overrides.back().substr(0, overrides.back().find('.')))) << overrides.front();
    EXPECT_EQ(RunServer(overrides).exitCode, kExitFailed) << overrides.front();
  }
}

// The file would be lost, or the server could not be found any more.
TEST_F(CPreflightTest, AFileThatHasAnotherUseIsNoPidFileAndNoLog) {
  const std::vector<std::vector<std::string>> mistakes{
      {"server.pid_file=switchboard.toml"},
      {"server.pid_file=precious"},
      {"server.pid_file=link"},
      {"log.file=a", "server.pid_file=a"},
      {"log.file=./switchboard.pid.scoreboard"},
      {"log.file=switchboard.pid.oldbin"},
      {"log.file=switchboard.toml"},
      {"listener.0.protocol=http", "listener.0.access_log=switchboard.pid"},
  };
  std::ofstream(Folder() / "precious") << "precious";
  std::filesystem::create_symlink("nowhere", Folder() / "link");
  for (const std::vector<std::string>& overrides : mistakes) {
    const SRunResult test = TestConfig(overrides);
    EXPECT_EQ(test.exitCode, kExitFailed) << overrides.front();
    EXPECT_EQ(test.output, "") << overrides.front();
    EXPECT_EQ(RunServer(overrides).exitCode, kExitFailed) << overrides.front();
    EXPECT_TRUE(std::filesystem::exists(Folder() / "switchboard.toml")) << overrides.front();
  }
  EXPECT_EQ(std::filesystem::file_size(Folder() / "precious"), 8U);
  EXPECT_FALSE(std::filesystem::exists(Folder() / "nowhere"));
}

TEST_F(CPreflightTest, AMissingRightIsFoundBefore) {
  const std::filesystem::path closed = Folder() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  for (const char* p_setting : {"log.file=closed/a.log", "server.pid_file=closed/a.pid"}) {
    EXPECT_THAT(TestConfig({p_setting}, true).errors, HasSubstr("Permission denied"));
  }
}

TEST_F(CPreflightTest, WhatIsNoPlainFileIsFoundBefore) {
  const std::string fifo = (Folder() / "fifo").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_directory(Folder() / "a.pid.scoreboard");
  std::filesystem::create_directory(Folder() / "files");
  std::ofstream(Folder() / "files" / ".parts") << "no folder";
  const std::vector<std::vector<std::string>> mistakes{
      {"server.pid_file=fifo"}, {"server.pid_file=a.pid"}, {"transfer.root=files", "transfer.writable=true"}};
  for (const std::vector<std::string>& overrides : mistakes) {
    const SRunResult test = TestConfig(overrides);
    EXPECT_EQ(test.exitCode, kExitFailed) << overrides.front();
    EXPECT_THAT(test.errors, HasSubstr(overrides.front().substr(0, overrides.front().find('=')))) << test.errors;
    EXPECT_EQ(RunServer(overrides).exitCode, kExitFailed) << overrides.front();
  }
  EXPECT_THAT(TestConfig({"log.file=fifo"}).output, HasSubstr("doubtful: log.file: fifo: it is a FIFO"));
  EXPECT_THAT(Run({"-s", "stop", "--set", "server.pid_file=" + fifo}).errors, HasSubstr("no running server found"));
}

// Root may do everything, and the workers that it starts may not.
TEST_F(CPreflightTest, WhatTheUserOfTheWorkersMayNotIsFoundBefore) {
  if (geteuid() != 0) return;
  using std::filesystem::perms;
  std::filesystem::permissions(Folder(), perms(0755));
  for (const auto& [name, rights] : {std::pair{"open", 0755}, {"closed", 0700}}) {
    std::filesystem::create_directory(Folder() / name);
    std::filesystem::permissions(Folder() / name, perms(rights));
  }
  const std::vector<std::vector<std::string>> mistakes{
      {"transfer.root=closed"},
      {"transfer.root=open", "transfer.writable=true"},
      {"listener.0.root=closed", "listener.0.protocol=http"},
      {"listener.0.access_log=open/access.log", "listener.0.protocol=http"},
  };
  for (std::vector<std::string> overrides : mistakes) {
    EXPECT_EQ(TestConfig(overrides).exitCode, kExitOk) << overrides.front();
    overrides.emplace_back("server.user=nobody");
    const SRunResult test = TestConfig(overrides);
    EXPECT_EQ(test.exitCode, kExitFailed) << overrides.front();
    EXPECT_THAT(test.errors, HasSubstr(overrides.front().substr(0, overrides.front().find('=')))) << test.errors;
    EXPECT_THAT(test.errors, HasSubstr("Permission denied"));
    EXPECT_EQ(RunServer(overrides).exitCode, kExitFailed) << overrides.front();
  }
}

// In a folder that others can write, root follows none: at a start as little as when it is asked before.
TEST_F(CPreflightTest, ALinkThatRootDoesNotFollowIsFoundBefore) {
  if (geteuid() != 0) return;
  const std::filesystem::path shared = Folder() / "shared";
  std::filesystem::create_directory(shared);
  std::filesystem::permissions(shared, std::filesystem::perms(0777));
  std::filesystem::create_symlink(Folder() / "elsewhere", shared / "link");
  for (const std::string key : {"server.pid_file", "log.file"}) {
    EXPECT_THAT(TestConfig({key + "=shared/link"}).errors, HasSubstr(key + ": shared/link: it is a link"));
    EXPECT_EQ(RunServer({key + "=shared/link"}).exitCode, kExitFailed) << key;
  }
  EXPECT_FALSE(std::filesystem::exists(Folder() / "elsewhere"));
}

TEST_F(CPreflightTest, AnAddressInUseIsDoubtfulUnlessTheServerItselfHasIt) {
  const CServerProcess& server = Start();
  const std::string port = "listener.0.port=" + std::to_string(server.Port());
  const std::string self = " is in use by the running server itself, process " + std::to_string(server.MasterPid());
  const SRunResult same = TestConfig({port});
  EXPECT_EQ(same.exitCode, kExitOk);
  EXPECT_THAT(same.output, HasSubstr("note: listener.0: 127.0.0.1:" + std::to_string(server.Port()) + self + "\n"));
  EXPECT_THAT(TestConfig({port, "listener.0.address=0.0.0.0"}).output,
              HasSubstr("note: listener.0: 0.0.0.0:" + std::to_string(server.Port()) + self + ": its 127.0.0.1:"));
  // For a server with another pid file it is somebody else's.
  const SRunResult other = TestConfig({port, "server.pid_file=other.pid"});
  EXPECT_EQ(other.exitCode, kExitOk);
  EXPECT_THAT(other.output, HasSubstr("doubtful: listener.0: cannot listen on 127.0.0.1:"));
  const CFd stranger(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(listen(stranger.Get(), 1), 0);
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ASSERT_EQ(getsockname(stranger.Get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_THAT(TestConfig({"listener.0.port=" + std::to_string(ntohs(address.sin_port))}).output,
              HasSubstr("Address already in use, and not by the running server, process "));
}

}  // namespace
}  // namespace switchboard
