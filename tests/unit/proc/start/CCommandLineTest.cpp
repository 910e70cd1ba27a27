#include "proc/start/CCommandLine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "misc/ProgramName.h"

namespace switchboard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// In a folder of its own, so that no conf/switchboard.toml is found by chance.
class CCommandLineTest : public testing::Test {
 protected:
  CCommandLineTest() : m_before(std::filesystem::current_path()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "command-line-XXXXXX").string();
    m_folder = mkdtemp(pattern.data());
    std::filesystem::current_path(m_folder);
  }
  ~CCommandLineTest() override {
    std::filesystem::current_path(m_before);
    std::filesystem::remove_all(m_folder);
  }

  static SCommandLine Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "switchboard");
    return CCommandLine::Parse(static_cast<int>(arguments.size()), arguments.data());
  }

 private:
  std::filesystem::path m_before;
  std::filesystem::path m_folder;
};

TEST_F(CCommandLineTest, NothingMeansRun) {
  const SCommandLine line = Parse({});
  EXPECT_EQ(line.action, EAction::kRun);
  EXPECT_FALSE(line.isForeground);
  EXPECT_EQ(line.configFile, "");
  EXPECT_THAT(line.overrides, IsEmpty());
}

TEST_F(CCommandLineTest, DefaultConfigurationIsUsedWhereThereIsOne) {
  std::filesystem::create_directory("conf");
  std::ofstream(CCommandLine::kDefaultConfigFile) << "\n";
  EXPECT_EQ(Parse({}).configFile, "conf/switchboard.toml");
  EXPECT_EQ(Parse({"-c", "my.toml"}).configFile, "my.toml");
}

TEST_F(CCommandLineTest, OptionsOfAStart) {
  const SCommandLine line =
      Parse({"-c", "my.toml", "-f", "--set", "business.threads=2", "--set", "listener.0.port=9001"});
  EXPECT_EQ(line.action, EAction::kRun);
  EXPECT_TRUE(line.isForeground);
  EXPECT_EQ(line.configFile, "my.toml");
  EXPECT_THAT(line.overrides, ElementsAre("business.threads=2", "listener.0.port=9001"));
  EXPECT_TRUE(Parse({"--foreground"}).isForeground);
}

TEST_F(CCommandLineTest, SetTakesOneValueOnly) { EXPECT_THROW(Parse({"--set", "a=1", "b=2"}), CUsageError); }

TEST_F(CCommandLineTest, Orders) {
  EXPECT_EQ(Parse({"-s", "stop"}).action, EAction::kSignal);
  EXPECT_EQ(Parse({"-s", "stop"}).order, EOrder::kStop);
  EXPECT_EQ(Parse({"-s", "quit"}).order, EOrder::kQuit);
  EXPECT_EQ(Parse({"-s", "reload"}).order, EOrder::kReload);
  EXPECT_EQ(Parse({"-s", "reopen"}).order, EOrder::kReopen);
  EXPECT_EQ(Parse({"-s", "upgrade"}).order, EOrder::kUpgrade);
}

TEST_F(CCommandLineTest, ASingleProcessStaysInTheForeground) {
  EXPECT_TRUE(Parse({"--single-process"}).isSingleProcess);
  EXPECT_TRUE(Parse({"--single-process"}).isForeground);
  EXPECT_FALSE(Parse({}).isSingleProcess);
}

TEST_F(CCommandLineTest, AnOrderMayBeGivenWithoutWaiting) {
  EXPECT_TRUE(Parse({"-s", "reload", "--no-wait"}).isNoWait);
  EXPECT_FALSE(Parse({"-s", "reload"}).isNoWait);
}

TEST_F(CCommandLineTest, OtherActions) {
  EXPECT_EQ(Parse({"-t"}).action, EAction::kTest);
  EXPECT_EQ(Parse({"--status"}).action, EAction::kStatus);
  EXPECT_EQ(Parse({"-v"}).action, EAction::kVersion);
  EXPECT_EQ(Parse({"--version"}).action, EAction::kVersion);
  EXPECT_EQ(Parse({"--help-config"}).action, EAction::kHelpConfig);
  EXPECT_EQ(Parse({"-h"}).action, EAction::kHelp);
  EXPECT_THAT(Parse({"-h"}).help, HasSubstr(CCommandLine::kDefaultConfigFile));
  EXPECT_THAT(Parse({"-h"}).help, HasSubstr("Usage: " + ProgramName() + " "));
}

TEST_F(CCommandLineTest, MistakesAreOneLine) {
  for (const std::vector<const char*>& arguments : std::vector<std::vector<const char*>>{{"-s", "dance"},
                                                                                         {"-s"},
                                                                                         {"-x"},
                                                                                         {"stray"},
                                                                                         {"-t", "-s", "stop"},
                                                                                         {"-t", "--status"},
                                                                                         {"-c"},
                                                                                         {"--no-wait"}}) {
    try {
      Parse(arguments);
      ADD_FAILURE() << "accepted " << arguments.front();
    } catch (const CUsageError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace switchboard
