#include "misc/file/CFileRoot.h"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

std::string Content(const SOpenedFile& opened) {
  std::string text(static_cast<size_t>(opened.status.st_size), '\0');
  const ssize_t bytes = ::pread(opened.fd.Get(), text.data(), text.size(), 0);
  text.resize(bytes < 0 ? 0 : static_cast<size_t>(bytes));
  return text;
}

// A root with files in it, and a canary beside it.
class CFileRootTest : public testing::Test {
 protected:
  CFileRootTest() {
    m_folder.Write("canary", "outside");
    m_folder.Write("root/a.txt", "hello");
    m_folder.Write("root/sub/b.txt", "deeper");
    fs::create_symlink("sub/b.txt", m_folder.Path() / "root/inner");
    fs::create_symlink("sub", m_folder.Path() / "root/innerdir");
    fs::create_symlink("../canary", m_folder.Path() / "root/outer");
    fs::create_symlink("..", m_folder.Path() / "root/outerdir");
    fs::create_symlink(m_folder.Path() / "root/a.txt", m_folder.Path() / "root/absolute");
    fs::create_symlink("loop", m_folder.Path() / "root/loop");
    fs::create_symlink("gone", m_folder.Path() / "root/dangling");
    fs::create_symlink("/proc/self/cwd", m_folder.Path() / "root/magic");
  }
  CFileRoot Root(ESymlinks symlinks = ESymlinks::kWithinRoot) const {
    return CFileRoot((m_folder.Path() / "root").string(), symlinks);
  }

  CTemporaryFolder m_folder;
};

TEST_F(CFileRootTest, OpensRegularFiles) {
  const CFileRoot root = Root();
  const SOpenedFile opened = root.OpenFile("a.txt");
  ASSERT_EQ(opened.error, EFileError::kNone);
  EXPECT_EQ(opened.status.st_size, 5);
  EXPECT_EQ(Content(opened), "hello");
  EXPECT_NE(::fcntl(opened.fd.Get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(Content(root.OpenFile("sub/b.txt")), "deeper");
  EXPECT_EQ(Content(root.OpenFile("sub/../a.txt")), "hello");
}

TEST_F(CFileRootTest, SaysWhyNot) {
  const CFileRoot root = Root();
  const struct {
    std::string path;
    EFileError error;
  } cases[] = {
      {"none", EFileError::kNotFound},
      {"none/a.txt", EFileError::kNotFound},
      {"a.txt/", EFileError::kNotFound},
      {"a.txt/b", EFileError::kNotFound},
      {std::string("a.txt\0", 6), EFileError::kNotFound},
      {std::string("a.txt\0.png", 10), EFileError::kNotFound},
      {std::string(255, 'x'), EFileError::kNotFound},
      {std::string(256, 'x'), EFileError::kNotFound},
      {std::string(5000, '/'), EFileError::kNotFound},
      {"", EFileError::kIsDirectory},
      {".", EFileError::kIsDirectory},
      {"sub", EFileError::kIsDirectory},
      {"sub/", EFileError::kIsDirectory},
      {"..", EFileError::kForbidden},
      {"../canary", EFileError::kForbidden},
      {"sub/../../canary", EFileError::kForbidden},
      {"/", EFileError::kForbidden},
      {"/etc/passwd", EFileError::kForbidden},
      {(m_folder.Path() / "root/a.txt").string(), EFileError::kForbidden},
      {"outer", EFileError::kForbidden},
      {"outerdir/canary", EFileError::kForbidden},
      {"outerdir/../root/a.txt", EFileError::kForbidden},
      {"../root/a.txt", EFileError::kForbidden},
      {"../root/absolute", EFileError::kForbidden},
      {"sub/../../root/absolute", EFileError::kForbidden},
      {"loop", EFileError::kForbidden},
      {"magic/etc/passwd", EFileError::kForbidden},
      {"dangling", EFileError::kNotFound},
  };
  for (const auto& [path, error] : cases) {
    const SOpenedFile opened = root.OpenFile(path);
    EXPECT_EQ(opened.error, error) << path;
    EXPECT_FALSE(opened.fd.IsValid()) << path;
  }
}

TEST_F(CFileRootTest, FollowsLinksByPolicy) {
  const CFileRoot follows = Root();
  const CFileRoot refuses = Root(ESymlinks::kNone);
  for (const char* p_path : {"inner", "innerdir/b.txt"}) {
    EXPECT_EQ(Content(follows.OpenFile(p_path)), "deeper") << p_path;
    EXPECT_EQ(refuses.OpenFile(p_path).error, EFileError::kForbidden) << p_path;
  }
  EXPECT_EQ(refuses.OpenDirectory("innerdir").error, EFileError::kForbidden);
  EXPECT_EQ(Content(refuses.OpenFile("sub/b.txt")), "deeper");
}

// Where a link ends counts, not how it gets there.
TEST_F(CFileRootTest, ALinkThatLeadsOutAndBackInIsFollowed) {
  const fs::path path = m_folder.Path();
  fs::create_symlink(path / "root/sub", path / "root/absolutedir");
  fs::create_symlink("absolute", path / "root/chain");
  fs::create_symlink("../root/a.txt", path / "root/detour");
  fs::create_symlink(path / "root", path / "root/self");
  fs::create_symlink(path / "canary", path / "root/away");
  fs::create_symlink(path / "none", path / "root/nowhere");
  fs::create_symlink(path / "root2/x", path / "root/sibling");
  m_folder.Write("root2/x", "outside");
  const CFileRoot root = Root();
  for (const char* p_path : {"absolute", "chain", "detour", "self/a.txt", "self/absolute", "outerdir/root/a.txt"}) {
    EXPECT_EQ(Content(root.OpenFile(p_path)), "hello") << p_path;
    EXPECT_EQ(Root(ESymlinks::kNone).OpenFile(p_path).error, EFileError::kForbidden) << p_path;
  }
  EXPECT_EQ(Content(root.OpenFile("absolutedir/b.txt")), "deeper");
  EXPECT_EQ(root.OpenDirectory("self").error, EFileError::kNone);
  EXPECT_EQ(root.OpenFile("self").error, EFileError::kIsDirectory);
  for (const char* p_path : {"away", "nowhere", "sibling"}) {
    EXPECT_EQ(root.OpenFile(p_path).error, EFileError::kForbidden) << p_path;
  }
  for (const char* p_path : {"absolute", "absolutedir/b.txt"}) {
    EXPECT_EQ(root.OpenForWriting(p_path).error, EFileError::kForbidden) << p_path;
  }
  EXPECT_EQ(root.Create("absolutedir/new", 0600).error, EFileError::kForbidden);
  const SDirectoryList list = root.List("", 100);
  const auto lists = [&list](std::string_view name) {
    return std::any_of(list.entries.begin(), list.entries.end(),
                       [name](const auto& entry) { return entry.name == name; });
  };
  EXPECT_TRUE(lists("absolute"));
  EXPECT_FALSE(lists("away"));
}

TEST_F(CFileRootTest, AnAbsoluteLinkBeneathTheRootOfAllIsFollowed) {
  const CFileRoot root("/", ESymlinks::kWithinRoot);
  EXPECT_EQ(Content(root.OpenFile((m_folder.Path() / "root/absolute").string().substr(1))), "hello");
}

TEST_F(CFileRootTest, TheRootMayBeALinkItself) {
  fs::create_directory_symlink("root", m_folder.Path() / "current");
  const CFileRoot root((m_folder.Path() / "current").string(), ESymlinks::kNone);
  EXPECT_EQ(Content(root.OpenFile("a.txt")), "hello");
}

TEST_F(CFileRootTest, WhatIsNoRegularFileIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo((m_folder.Path() / "root/fifo").c_str(), 0600), 0);
  const CFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (m_folder.Path() / "root/socket").string();
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(socket.Get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const CFileRoot root = Root();
  for (const char* p_path : {"fifo", "socket"}) {
    EXPECT_EQ(root.OpenFile(p_path).error, EFileError::kNotRegular) << p_path;
    EXPECT_EQ(root.OpenForWriting(p_path).error, EFileError::kNotRegular) << p_path;
    EXPECT_EQ(root.Status(p_path).error, EFileError::kNotRegular) << p_path;
  }
}

TEST_F(CFileRootTest, WithoutPermissionItIsForbidden) {
  fs::permissions(m_folder.Path() / "root/a.txt", fs::perms::none);
  fs::permissions(m_folder.Path(), fs::perms::all);
  const CFileRoot root = Root();
  // Of this thread only, and without effect if the test doesn't run as root.
  const auto before = static_cast<uid_t>(::setfsuid(65534));
  const EFileError error = root.OpenFile("a.txt").error;
  ::setfsuid(before);
  EXPECT_EQ(error, EFileError::kForbidden);
}

TEST_F(CFileRootTest, TooManyDescriptorsAreAnErrorOfTheirOwn) {
  const CFileRoot root = Root();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const EFileError error = root.OpenFile("a.txt").error;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(error, EFileError::kTooManyDescriptors);
  EXPECT_EQ(root.OpenFile("a.txt").error, EFileError::kNone);
}

TEST_F(CFileRootTest, ARootThatIsNoneIsRefused) {
  EXPECT_THROW(CFileRoot((m_folder.Path() / "none").string(), ESymlinks::kNone), std::system_error);
  EXPECT_THROW(CFileRoot((m_folder.Path() / "canary").string(), ESymlinks::kNone), std::system_error);
}

TEST_F(CFileRootTest, ListsWhatItWouldOpen) {
  ASSERT_EQ(::mkfifo((m_folder.Path() / "root/fifo").c_str(), 0600), 0);
  const auto names = [](SDirectoryList list) {
    std::sort(list.entries.begin(), list.entries.end(),
              [](const SDirectoryEntry& a, const SDirectoryEntry& b) { return a.name < b.name; });
    std::string text;
    for (const SDirectoryEntry& entry : list.entries) {
      text += entry.name + (entry.isDirectory ? "/ " : ':' + std::to_string(entry.bytes) + ' ');
    }
    return text;
  };
  const SDirectoryList all = Root().List("", 100);
  EXPECT_EQ(all.error, EFileError::kNone);
  EXPECT_TRUE(all.isComplete);
  EXPECT_EQ(names(all), "a.txt:5 absolute:5 inner:6 innerdir/ sub/ ");
  EXPECT_EQ(names(Root(ESymlinks::kNone).List("", 100)), "a.txt:5 sub/ ");
  EXPECT_EQ(names(Root().List("sub", 100)), "b.txt:6 ");
  EXPECT_EQ(Root().List("a.txt", 100).error, EFileError::kNotFound);
  EXPECT_EQ(Root().List("outerdir", 100).error, EFileError::kForbidden);
  const SDirectoryList some = Root().List("", 2);
  EXPECT_EQ(some.entries.size(), 2U);
  EXPECT_FALSE(some.isComplete);
  EXPECT_TRUE(Root().List("", 5).isComplete);
}

TEST_F(CFileRootTest, AnUploadIsMadeAndRenamed) {
  const CFileRoot root = Root();
  const SOpenedFile made = root.Create("sub/upload.part", 0640);
  ASSERT_EQ(made.error, EFileError::kNone);
  ASSERT_EQ(::pwrite(made.fd.Get(), "new", 3, 0), 3);
  EXPECT_EQ(root.Create("sub/upload.part", 0640).error, EFileError::kExists);
  const SOpenedFile again = root.OpenForWriting("sub/upload.part");
  ASSERT_EQ(again.error, EFileError::kNone);
  ASSERT_EQ(::pwrite(again.fd.Get(), "er", 2, 3), 2);
  EXPECT_EQ(root.Rename("sub/upload.part", "a.txt", false), EFileError::kExists);
  EXPECT_EQ(Content(root.OpenFile("a.txt")), "hello");
  EXPECT_EQ(root.Rename("sub/upload.part", "a.txt", true), EFileError::kNone);
  EXPECT_EQ(root.SyncDirectoryOf("a.txt"), EFileError::kNone);
  EXPECT_EQ(Content(root.OpenFile("a.txt")), "newer");
  EXPECT_EQ(root.OpenFile("sub/upload.part").error, EFileError::kNotFound);
  EXPECT_EQ(root.Rename("a.txt", "sub/c.txt", false), EFileError::kNone);
  EXPECT_EQ(root.Unlink("sub/c.txt"), EFileError::kNone);
  EXPECT_EQ(root.Unlink("sub/c.txt"), EFileError::kNotFound);
}

TEST_F(CFileRootTest, NothingOutsideIsMadeRenamedOrRemoved) {
  for (const ESymlinks symlinks : {ESymlinks::kWithinRoot, ESymlinks::kNone}) {
    const CFileRoot root = Root(symlinks);
    for (const char* p_path :
         {"../canary", "outerdir/canary", "/canary", "sub/../../canary", "..", ".", "", "sub/..", "sub/", "outer/x"}) {
      EXPECT_NE(root.Create(p_path, 0600).error, EFileError::kNone) << p_path;
      EXPECT_NE(root.OpenForWriting(p_path).error, EFileError::kNone) << p_path;
      EXPECT_NE(root.Rename("a.txt", p_path, true), EFileError::kNone) << p_path;
      EXPECT_NE(root.Rename(p_path, "stolen", true), EFileError::kNone) << p_path;
      EXPECT_NE(root.Unlink(p_path), EFileError::kNone) << p_path;
    }
    const std::string absolute = (m_folder.Path() / "canary").string();
    EXPECT_NE(root.Unlink(absolute), EFileError::kNone);
    EXPECT_NE(root.OpenForWriting("outer").error, EFileError::kNone);
    EXPECT_NE(root.OpenForWriting("inner").error, EFileError::kNone) << "links are not written through";
    EXPECT_NE(root.Create("dangling", 0600).error, EFileError::kNone);
  }
  EXPECT_EQ(Root().Unlink("outer"), EFileError::kNone) << "removes the link alone";
  EXPECT_EQ(m_folder.Read("canary"), "outside");
  EXPECT_EQ(m_folder.Read("root/a.txt"), "hello");
  EXPECT_FALSE(fs::exists(m_folder.Path() / "root/gone"));
  EXPECT_EQ(std::distance(fs::directory_iterator(m_folder.Path()), {}), 2);
}

}  // namespace
}  // namespace switchboard
