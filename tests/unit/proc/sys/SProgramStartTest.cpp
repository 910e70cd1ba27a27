#include "proc/sys/SProgramStart.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace switchboard {
namespace {

namespace fs = std::filesystem;

class SProgramStartTest : public testing::Test {
 protected:
  SProgramStartTest() : m_self(fs::read_symlink("/proc/self/exe")) {
    std::string pattern = (fs::temp_directory_path() / "program-XXXXXX").string();
    m_folder = fs::canonical(mkdtemp(pattern.data()));
    fs::create_symlink(m_self, m_folder / "server");
  }
  ~SProgramStartTest() override { fs::remove_all(m_folder); }

  static SProgramStart CalledBy(const std::string& name) {
    const std::vector<const char*> argv = {name.c_str(), "-c", "x.toml"};
    return SProgramStart::Capture(static_cast<int>(argv.size()), argv.data());
  }

  const fs::path m_self;
  fs::path m_folder;
};

TEST_F(SProgramStartTest, RemembersHowItWasCalled) {
  const SProgramStart start = CalledBy((m_folder / "server").string());
  EXPECT_EQ(start.arguments, (std::vector<std::string>{(m_folder / "server").string(), "-c", "x.toml"}));
  EXPECT_EQ(start.directory, fs::current_path());
}

TEST_F(SProgramStartTest, ALinkStaysALink) {
  EXPECT_EQ(CalledBy((m_folder / "server").string()).path, m_folder / "server");
  const fs::path relative = (m_folder / "server").lexically_relative(fs::current_path());
  EXPECT_EQ(CalledBy(relative.string()).path, m_folder / "server");
}

TEST_F(SProgramStartTest, ABareNameIsFoundInThePath) {
  const char* p_before = std::getenv("PATH");
  const std::string before = p_before == nullptr ? "" : p_before;
  setenv("PATH", ("/nowhere:" + m_folder.string()).c_str(), 1);
  EXPECT_EQ(CalledBy("server").path, m_folder / "server");
  setenv("PATH", before.c_str(), 1);
}

TEST_F(SProgramStartTest, ANameThatLeadsElsewhereIsNotBelieved) {
  EXPECT_EQ(CalledBy("/bin/true").path, m_self);
  EXPECT_EQ(CalledBy("no-such-program").path, m_self);
  EXPECT_EQ(CalledBy("").path, m_self);
}

}  // namespace
}  // namespace switchboard
