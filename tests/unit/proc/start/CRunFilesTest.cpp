#include "proc/start/CRunFiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace switchboard {
namespace {

namespace fs = std::filesystem;

class CRunFilesTest : public testing::Test {
 protected:
  CRunFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "runfiles-XXXXXX").string();
    m_folder = mkdtemp(pattern.data());
    m_path = (m_folder / "server.pid").string();
  }
  ~CRunFilesTest() override { fs::remove_all(m_folder); }

  bool Has(const std::string& name) const { return fs::exists(m_folder / name); }
  static void Write(const std::string& path) { std::ofstream(path) << "x"; }

  fs::path m_folder;
  std::string m_path;
};

TEST_F(CRunFilesTest, BothFilesAreGoneAtTheEnd) {
  {
    const CRunFiles files(m_path);
    Write(files.Scoreboard());
    EXPECT_TRUE(Has("server.pid"));
    EXPECT_TRUE(Has("server.pid.scoreboard"));
  }
  EXPECT_TRUE(fs::is_empty(m_folder));
}

TEST_F(CRunFilesTest, WhileAnUpgradeIsPendingNobodyElseGetsTheNames) {
  CRunFiles old(m_path);
  old.MoveAside();
  try {
    const CRunFiles stranger(m_path);
    FAIL() << "a stranger has the names of the next binary";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("already running: process " + std::to_string(getpid())));
  }
  EXPECT_FALSE(Has("server.pid"));
  old.MoveBack();
  EXPECT_TRUE(Has("server.pid"));
}

TEST_F(CRunFilesTest, TheEndOfOneWhoLostTheNamesTakesNothingAway) {
  CRunFiles old(m_path);
  old.MoveAside();
  auto p_next = std::make_unique<CRunFiles>(m_path, true);
  old.MoveBack();
  Write(m_path + ".scoreboard");
  p_next.reset();
  EXPECT_TRUE(Has("server.pid"));
  EXPECT_TRUE(Has("server.pid.scoreboard"));
}

TEST_F(CRunFilesTest, TheNextBinaryHasTheNames) {
  auto p_old = std::make_unique<CRunFiles>(m_path);
  Write(p_old->Scoreboard());
  p_old->MoveAside();
  EXPECT_TRUE(Has("server.pid.oldbin"));
  EXPECT_TRUE(Has("server.pid.oldbin.scoreboard"));
  EXPECT_FALSE(Has("server.pid.scoreboard"));
  const CRunFiles next(m_path, true);
  Write(next.Scoreboard());
  p_old.reset();
  EXPECT_FALSE(Has("server.pid.oldbin"));
  EXPECT_FALSE(Has("server.pid.oldbin.scoreboard"));
  EXPECT_TRUE(Has("server.pid")) << "the end of the old binary took the new one's file";
  EXPECT_TRUE(Has("server.pid.scoreboard"));
}

TEST_F(CRunFilesTest, TheNamesAreTakenBackOverWhatIsLeft) {
  CRunFiles old(m_path);
  Write(old.Scoreboard());
  old.MoveAside();
  Write(m_path);  // left by a new binary that was killed
  Write(m_path + ".scoreboard");
  old.MoveBack();
  EXPECT_FALSE(Has("server.pid.oldbin"));
  EXPECT_THROW(CRunFiles second(m_path), std::runtime_error) << "it is still locked";
  pid_t pid = 0;
  std::ifstream(m_path) >> pid;
  EXPECT_EQ(pid, getpid());
}

TEST_F(CRunFilesTest, AnOlderBinaryKeepsItsName) {
  CRunFiles oldest(m_path);
  oldest.MoveAside();
  CRunFiles old(m_path, true);
  try {
    old.MoveAside();
    FAIL() << "the oldest binary's file was replaced";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("of an older binary still holds " + m_path + ".oldbin"));
  }
  EXPECT_TRUE(Has("server.pid"));
}

TEST_F(CRunFilesTest, AStaleNameIsReplaced) {
  Write(m_path + ".oldbin");
  CRunFiles old(m_path);
  old.MoveAside();
  EXPECT_FALSE(Has("server.pid"));
}

}  // namespace
}  // namespace switchboard
