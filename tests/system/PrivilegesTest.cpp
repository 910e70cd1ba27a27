// Started as root, the workers are somebody else; started as somebody else, they stay that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/system/CSystemTest.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CPrivilegesTest : public CSystemTest {
 protected:
  CPrivilegesTest() { fs::permissions(Folder(), fs::perms(0755)); }

  static std::string StatusOf(pid_t pid, const std::string& field) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
    }
    return "no such field";
  }
  static uid_t OwnerOf(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_uid;
  }
};

// Only root can become nobody; anybody else is refused, which is tested as well.
TEST_F(CPrivilegesTest, WorkersBecomeTheUserForGood) {
  if (geteuid() != 0) {
    EXPECT_THAT(RunServer({"server.user=nobody"}).errors, HasSubstr("only root can start workers as \"nobody\""));
    return;
  }
  CServerProcess& server = StartWith({"server.user=nobody"});
  const passwd* p_nobody = getpwnam("nobody");
  ASSERT_NE(p_nobody, nullptr);
  const pid_t worker = server.WorkerPid();
  std::ostringstream uids;
  std::ostringstream gids;
  for (int i = 0; i < 4; ++i) {
    uids << (i > 0 ? "\t" : "") << p_nobody->pw_uid;
    gids << (i > 0 ? "\t" : "") << p_nobody->pw_gid;
  }
  EXPECT_EQ(StatusOf(worker, "Uid"), uids.str());
  EXPECT_EQ(StatusOf(worker, "Gid"), gids.str());
  for (const char* p_set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_EQ(StatusOf(worker, p_set), "0000000000000000") << p_set;
  }
  EXPECT_EQ(StatusOf(worker, "NoNewPrivs"), "1");
  EXPECT_EQ(StatusOf(server.MasterPid(), "Uid").substr(0, 2), "0\t");
  CTestClient client(server.Port());
  ExpectServed(client);
}

TEST_F(CPrivilegesTest, TheLogIsReopenedByTheUser) {
  if (geteuid() != 0) return;
  CServerProcess& server = StartWith({"server.user=nobody"});
  const fs::path log = Folder() / "switchboard.log";
  EXPECT_EQ(OwnerOf(log), getpwnam("nobody")->pw_uid);
  fs::rename(log, Folder() / "old.log");
  server.Signal(SIGUSR1);
  ASSERT_TRUE(Eventually([&] { return fs::exists(log) && server.CountInLog("log reopened") == 1; }));
  EXPECT_EQ(OwnerOf(log), getpwnam("nobody")->pw_uid);
  // What the worker logs comes into the new file, too.
  CTestClient client(server.Port());
  ExpectReject(Ask(client, kTestUnknown), kTestUnknown, ERejectReason::kUnknownCode);
  EXPECT_TRUE(server.WaitForLog("rejected: unknown_code"));
}

TEST_F(CPrivilegesTest, ALinkInThePlaceOfTheLogGetsNobodyAFileOfRoots) {
  if (geteuid() != 0) return;
  std::ofstream(Folder() / "secret") << "of root";
  fs::create_symlink(Folder() / "secret", Folder() / "switchboard.log");
  EXPECT_THAT(RunServer({"server.user=nobody"}).errors, HasSubstr("switchboard.log: "));
  fs::remove(Folder() / "switchboard.log");
  fs::create_hard_link(Folder() / "secret", Folder() / "switchboard.log");
  EXPECT_THAT(RunServer({"server.user=nobody"}).errors, HasSubstr("switchboard.log: "));
  EXPECT_EQ(OwnerOf(Folder() / "secret"), 0U);
  fs::remove(Folder() / "switchboard.log");
}

}  // namespace
}  // namespace switchboard
