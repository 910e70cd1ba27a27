#include "net/http/CHttpPath.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "misc/file/CFileRoot.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCanary = "the canary outside the root";

// "STATUS" or the full path.
std::string Resolved(std::string_view target) {
  CHttpPath path;
  const SHttpVerdict verdict = path.Resolve(target);
  return verdict.status != 0 ? std::to_string(verdict.status) : std::string(path.Full());
}

TEST(CHttpPathTest, ResolvesOrRefuses) {
  const struct {
    std::string target;
    std::string expected;
  } cases[] = {
      {"/", "/"},
      {"/a", "/a"},
      {"/a/", "/a/"},
      {"/a/b.txt", "/a/b.txt"},
      {"/a?b", "/a"},
      {"/?", "/"},
      {"/a%20b", "/a b"},
      {"/%41%7a", "/Az"},
      {"/%C3%bc", "/\xc3\xbc"},
      {"/\xc3\xbc", "/\xc3\xbc"},
      {"/a+b", "/a+b"},
      {"/a;b=c", "/a;b=c"},
      {"/%3f", "/?"},
      {"/%25", "/%"},
      {"/a:b", "/a:b"},
      {"/...", "/..."},
      {"/.a", "/.a"},
      {"/..a", "/..a"},
      {"/a..", "/a.."},
      {"/a/..b/c", "/a/..b/c"},
      // Once.
      {"/%252e%252e/x", "/%2e%2e/x"},
      {"/%252f", "/%2f"},
      {"/%2500", "/%00"},
      {"/%25%32%65", "/%2e"},
      // Slashes and dots.
      {"//a//b//", "/a/b/"},
      {"//", "/"},
      {"/.", "/"},
      {"/./", "/"},
      {"/./a", "/a"},
      {"/a/.", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/../c", "/a/c"},
      {"/a/b/../../c", "/c"},
      {"/a//../b", "/b"},
      {"/a/%2e%2e/b", "/b"},
      {"/a/.%2E/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a/%2e", "/a/"},
      // Out of the root.
      {"/..", "400"},
      {"/../", "400"},
      {"/../a", "400"},
      {"/./..", "400"},
      {"//..", "400"},
      {"/a/../..", "400"},
      {"/a/../../a", "400"},
      {"/a/b/../../../c", "400"},
      {"/%2e%2e", "400"},
      {"/%2e./a", "400"},
      {"/.%2e/a", "400"},
      {"/%2E%2E/a", "400"},
      // Escapes.
      {"/%", "400"},
      {"/%2", "400"},
      {"/%2?", "400"},
      {"/%g0", "400"},
      {"/%0g", "400"},
      {"/% 0", "400"},
      {"/%-1", "400"},
      {"/%u002e", "400"},
      {"/%%32%65", "400"},
      {"/%00", "400"},
      {"/a%00.txt", "400"},
      {"/%0a", "400"},
      {"/%0d%0a", "400"},
      {"/%1f", "400"},
      {"/%7f", "400"},
      {"/%2f", "400"},
      {"/a%2Fb", "400"},
      {"/..%2f", "400"},
      {"/%5c", "400"},
      {"/a%5Cb", "400"},
      {"/a\\b", "400"},
      {"/..\\..\\", "400"},
      {std::string("/\0", 2), "400"},
      {"/\x01", "400"},
      // No path.
      {"", "400"},
      {"*", "400"},
      {"a", "400"},
      {"?/", "/"},  // behind an absolute URI's authority
      {"http://h/", "400"},
      // Bytes that are no UTF-8 are names of files.
      {"/%ff", "/\xff"},
      {"/%c0%af", "/\xc0\xaf"},
      {"/%c0%ae%c0%ae/", "/\xc0\xae\xc0\xae/"},
      {"/%e0%80%af", "/\xe0\x80\xaf"},
      {"/" + std::string(CHttpPath::kMaxBytes - 1, 'x'), "/" + std::string(CHttpPath::kMaxBytes - 1, 'x')},
      {"/" + std::string(CHttpPath::kMaxBytes, 'x'), "414"},
      {"/" + std::string(CHttpPath::kMaxBytes - 1, 'x') + "/", "414"},
  };
  for (const auto& [target, expected] : cases) EXPECT_EQ(Resolved(target), expected) << target;
}

TEST(CHttpPathTest, GivesTheParts) {
  CHttpPath path;
  ASSERT_EQ(path.Resolve("/a/b/?x=%2f/..?y").status, 0);
  EXPECT_EQ(path.Relative(), "a/b");
  EXPECT_TRUE(path.IsFolder());
  EXPECT_TRUE(path.HasQuery());
  EXPECT_EQ(path.Query(), "x=%2f/..?y");
  ASSERT_EQ(path.Resolve("/").status, 0);
  EXPECT_EQ(path.Relative(), "");
  EXPECT_TRUE(path.IsFolder());
  EXPECT_FALSE(path.HasQuery());
  ASSERT_EQ(path.Resolve("/a/b").status, 0);
  EXPECT_FALSE(path.IsFolder());
  ASSERT_NE(path.Resolve("/../a").status, 0);
  EXPECT_EQ(path.Full(), "");
}

TEST(CHttpPathTest, KnowsHiddenNames) {
  const struct {
    const char* p_target;
    bool isHidden;
  } cases[] = {{"/", false},
               {"/a.b", false},
               {"/.git/config", true},
               {"/%2egit/config", true},
               {"/a/.htpasswd", true},
               {"/...", true},
               {"/.well-known/acme-challenge/x", false},
               {"/.well-known/.x", true},
               {"/.well-known", true},
               {"/a/.well-known/x", true}};
  for (const auto& [p_target, isHidden] : cases) {
    CHttpPath path;
    ASSERT_EQ(path.Resolve(p_target).status, 0);
    EXPECT_EQ(path.IsHidden(), isHidden) << p_target;
  }
}

TEST(CHttpPathTest, WhatItEncodesItResolves) {
  std::string name = "/";
  for (int byte = 0x20; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c != '\\' && c != '/' && byte != 0x7f) name += c;
  }
  std::string encoded;
  CHttpPath::AppendEncoded(encoded, name);
  EXPECT_EQ(encoded.find_first_of("<>\"'&?# "), std::string::npos);
  EXPECT_EQ(Resolved(encoded), name);
  std::string text;
  CHttpPath::AppendEncoded(text, "/a b/\xff~");
  EXPECT_EQ(text, "/a%20b/%FF~");
}

// Every way of writing "up one directory" times every way of writing a slash, in front of and behind paths.
std::set<std::string> Tricks(const std::string& absoluteCanary) {
  const std::vector<std::string> ups = {"..",
                                        "%2e%2e",
                                        ".%2e",
                                        "%2e.",
                                        "%252e%252e",
                                        "%25252e%25252e",
                                        "%c0%ae%c0%ae",
                                        "%e0%80%ae%e0%80%ae",
                                        "%f0%80%80%ae%f0%80%80%ae",
                                        "%uff0e%uff0e",
                                        "..;",
                                        "..;x=y",
                                        "..%00",
                                        "..%20",
                                        "..%0d",
                                        "%00..",
                                        "...",
                                        "....",
                                        "%ef%bc%8e%ef%bc%8e",
                                        "\xc0\xae\xc0\xae",
                                        ".\\.",
                                        "..%09",
                                        "%u002e%u002e",
                                        "%%32%65%%32%65",
                                        "..%2500",
                                        "..%3f",
                                        "..%23",
                                        ".%00.",
                                        "%2e%2e%3b"};
  const std::vector<std::string> slashes = {"/",     "//",    "/./",       "%2f",    "%252f",     "\\",
                                            "%5c",   "%255c", "%c0%af",    "%c1%9c", "%e0%80%af", "%u2215",
                                            "/%2e/", "/%00/", "%ef%bc%8f", "/;/",    "%2f%2e%2f"};
  std::set<std::string> tricks;
  for (const std::string& up : ups) {
    for (const std::string& slash : slashes) {
      tricks.insert("/" + up + slash + "canary");
      tricks.insert("/sub" + slash + up + slash + up + slash + "canary");
      tricks.insert("/" + up + slash + up + slash + up + slash + up + slash + up + slash + "canary");
      tricks.insert("/" + slash + up + slash + "root" + slash + up + slash + "canary?x=" + up);
    }
  }
  for (const std::string& begin :
       std::vector<std::string>{"/", "//", "///", "/./", "/%2f", "/%5c", "/file:", "/file://", "/sub/", "/outer/"}) {
    tricks.insert(begin + absoluteCanary);
    tricks.insert(begin + "proc/self/cwd" + absoluteCanary);
    tricks.insert(begin + "proc/self/root" + absoluteCanary);
  }
  for (const std::string& link :
       std::vector<std::string>{"outer", "outerdir/canary", "outerdir/root/../canary", "absolute", "magic", "chain",
                                "sub/up/canary", "sub/up/../canary", "outerdir//canary", "outerdir/./canary",
                                "magic" + absoluteCanary, "outer/", "outer/.", "outerdir/", "outer%00", "outer?"}) {
    tricks.insert("/" + link);
  }
  return tricks;
}

TEST(CHttpPathTest, NoTrickReachesTheCanary) {
  const CTemporaryFolder folder;
  folder.Write("canary", kCanary);
  folder.Write("root/index.html", "inside");
  folder.Write("root/sub/b", "inside");
  const fs::path root = folder.Path() / "root";
  const std::string canary = (folder.Path() / "canary").string();
  fs::create_symlink("../canary", root / "outer");
  fs::create_symlink("..", root / "outerdir");
  fs::create_symlink("../..", root / "sub/up");
  fs::create_symlink(canary, root / "absolute");
  fs::create_symlink("outer", root / "chain");
  fs::create_symlink("/proc/self/root", root / "magic");
  // Directories and files that a wrong decoding would step through.
  for (const char* p_name : {"..;", "%2e%2e", "...", "....", "\xc0\xae\xc0\xae"}) {
    fs::create_directory(root / p_name);
    folder.Write(std::string("root/") + p_name + "/canary", "inside");
  }

  const std::set<std::string> tricks = Tricks(canary);
  EXPECT_GE(tricks.size(), 1000U);
  size_t opened = 0;
  size_t refused = 0;
  for (const ESymlinks symlinks : {ESymlinks::kWithinRoot, ESymlinks::kNone}) {
    const CFileRoot fileRoot(root.string(), symlinks);
    const auto expectInside = [&](std::string_view path, const std::string& trick) {
      const SOpenedFile file = fileRoot.OpenFile(path);
      if (!file.fd.IsValid()) return;
      ++opened;
      char text[64];
      const ssize_t bytes = ::read(file.fd.Get(), text, sizeof(text));
      EXPECT_EQ(std::string_view(text, static_cast<size_t>(std::max<ssize_t>(bytes, 0))), "inside") << trick;
    };
    for (const std::string& trick : tricks) {
      CHttpPath path;
      if (path.Resolve(trick).status == 0) {
        expectInside(path.Relative(), trick);
        EXPECT_EQ(path.Full().find("/../"), std::string_view::npos) << trick;
        const SDirectoryList list = fileRoot.List(path.Relative(), 100);
        for (const SDirectoryEntry& entry : list.entries) EXPECT_NE(entry.bytes, kCanary.size()) << trick;
      } else {
        ++refused;
      }
      // The second wall alone: what would happen if the first one let everything pass.
      expectInside(trick, trick);
      expectInside(std::string_view(trick).substr(1), trick);
    }
  }
  EXPECT_GT(opened, 0U) << "some lead to files inside";
  EXPECT_GT(refused, tricks.size() / 2);
  EXPECT_EQ(folder.Read("canary"), kCanary);
}

}  // namespace
}  // namespace switchboard
