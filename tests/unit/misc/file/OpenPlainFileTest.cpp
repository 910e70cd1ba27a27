#include "misc/file/OpenPlainFile.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

namespace switchboard {
namespace {

namespace fs = std::filesystem;

class COpenPlainFileTest : public testing::Test {
 protected:
  COpenPlainFileTest() {
    std::string pattern = (fs::temp_directory_path() / "plain-XXXXXX").string();
    m_folder = mkdtemp(pattern.data());
    std::ofstream(m_folder / "target") << "precious";
    fs::create_symlink("target", m_folder / "link");
  }
  ~COpenPlainFileTest() override { fs::remove_all(m_folder); }
  CFd Open(const std::string& name) const {
    return OpenPlainFile((m_folder / name).string(), O_WRONLY | O_CREAT, 0600);
  }

  fs::path m_folder;
};

TEST_F(COpenPlainFileTest, AFileIsMadeAndOpened) {
  EXPECT_TRUE(Open("new").IsValid());
  EXPECT_TRUE(Open("new").IsValid());
  EXPECT_TRUE(fs::is_regular_file(m_folder / "new"));
}

TEST_F(COpenPlainFileTest, RootFollowsNoLinkThatAnotherMayHavePut) {
  fs::permissions(m_folder, fs::perms::all);
  const bool isRoot = geteuid() == 0;
  errno = 0;
  EXPECT_EQ(Open("link").IsValid(), !isRoot);
  EXPECT_EQ(errno, isRoot ? ELOOP : 0);
  fs::create_hard_link(m_folder / "target", m_folder / "hard");
  errno = 0;
  EXPECT_EQ(Open("hard").IsValid(), !isRoot);
  EXPECT_EQ(errno, isRoot ? ELOOP : 0);
}

TEST_F(COpenPlainFileTest, ALinkInAFolderOfOnesOwnIsFollowed) { EXPECT_TRUE(Open("link").IsValid()); }

TEST_F(COpenPlainFileTest, AFolderThatIsMissingIsAnError) {
  EXPECT_FALSE(Open("missing/file").IsValid());
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace switchboard
