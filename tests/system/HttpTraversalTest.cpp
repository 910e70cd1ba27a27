// Every way that we know of to ask for a file outside of the root, by the real server, with a canary there.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>

#include "tests/system/CHttpSystemTest.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCanary = "the canary sings";

class CHttpTraversalTest : public CHttpSystemTest {
 protected:
  // What lies outside, and what inside leads there.
  void PlaceCanaries() const {
    const auto place = [&](const fs::path& path) {
      fs::create_directories(path.parent_path());
      std::ofstream(path) << kCanary;
    };
    place(Folder() / "canary");
    place(Folder() / "root2/canary");  // a sibling whose name begins with the root's
    place(Folder() / "rootcanary");
    Write("a/b/inside.txt", "inside");
    Write(".htpasswd", kCanary);
    Write("a/.git/config", kCanary);
    fs::create_symlink(Folder() / "canary", Root() / "absolute");
    fs::create_symlink("../canary", Root() / "relative");
    fs::create_symlink("..", Root() / "up");
    fs::create_symlink("../../..", Root() / "a/b/up");
    fs::create_symlink("/", Root() / "all");
    fs::create_symlink("/proc/self/cwd", Root() / "magic");
    fs::create_symlink("absolute", Root() / "twice");
    EXPECT_EQ(mkfifo((Root() / "fifo").c_str(), 0600), 0);
  }

  // Targets that climb out of the root in all spellings of dots, slashes and depths.
  static std::set<std::string> Climbs() {
    std::set<std::string> targets;
    for (const char* dots : {"..", "%2e%2e", "%2E%2e", ".%2e", "%2e.", "%252e%252e", "..%00", "..;", "..%20", "...",
                             "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%uff0e%uff0e", "..%09", "%2e%2e%5c.."}) {
      for (const char* slash : {"/", "%2f", "%2F", "\\", "%5c", "%252f", "//", "/./", "%c0%af", "/a/../"}) {
        for (const char* begin : {"/", "/a/", "//", "/a/b/inside.txt/"}) {
          for (const int depth : {1, 2, 3}) {
            std::string target = begin;
            for (int i = 0; i < depth; ++i) target.append(dots).append(slash);
            targets.insert(target + "canary");
          }
        }
      }
    }
    return targets;
  }

  static std::set<std::string> Links(const fs::path& folder) {
    std::set<std::string> targets;
    const std::string outside = folder.string();
    for (const char* link : {"absolute",      "relative",        "twice",         "up/canary", "up/root2/canary",
                             "a/b/up/canary", "magic/canary",    "fifo",          "magic",     "up/",
                             "all/",          ".htpasswd",       "a/.git/config", "a/.git/",   "up/rootcanary",
                             "./absolute",    "a/../relative",   "%61bsolute",    "absolute/", "absolute%2f",
                             "absolute%00",   "absolute%00.txt", "twice?x"}) {
      targets.insert(std::string("/") + link);
    }
    for (const std::string& path : {outside + "/canary", outside + "/root2/canary"}) {
      targets.insert({"/all" + path, path, "/" + path, "/.." + path, "/file:" + path, "/up/.." + path, "/%2e%2e" + path,
                      "/a/b/../../.." + path, "/?" + path, "/.%2f" + path});
      targets.insert(
          {"http://127.0.0.1/.." + path, "http://127.0.0.1/up/canary", "http://127.0.0.1" + path, "file://" + path});
    }
    targets.insert({"/../root2/canary", "/../rootcanary", "/..rootcanary", "/2/canary", "../canary", "canary", "..",
                    "*", "/proc/self/cwd/canary", "/all/proc/self/cwd/canary"});
    return targets;
  }

  void ExpectNoEscape(CServerProcess& server) const {
    std::set<std::string> targets = Climbs();
    targets.merge(Links(Folder()));
    EXPECT_GE(targets.size(), 200U);
    uint32_t escapes = 0;
    for (const std::string& target : targets) {
      CHttpTestClient client(server.Port());
      ASSERT_TRUE(client.Get(target, "Connection: close\r\n"));
      std::string received;
      for (std::string some = client.ReceiveBytes(65536); !some.empty(); some = client.ReceiveBytes(65536)) {
        received += some;
      }
      EXPECT_TRUE(received.starts_with("HTTP/1.1 ")) << target;
      EXPECT_FALSE(received.starts_with("HTTP/1.1 5")) << target << '\n' << received;
      // Neither a file out there nor a list of them: the page of a status repeats nothing of the request.
      if (received.find(kCanary) == std::string::npos && received.find("root2") == std::string::npos) continue;
      ++escapes;
      ADD_FAILURE() << target << '\n' << received;
    }
    EXPECT_EQ(escapes, 0U);
    EXPECT_EQ(CHttpTestClient(server.Port()).Ask("/a/b/inside.txt").body, "inside");
  }
};

TEST_F(CHttpTraversalTest, NothingOutsideOfTheRootIsServed) {
  PlaceCanaries();
  ExpectNoEscape(Serve({"listener.0.listing=true"}));
}

TEST_F(CHttpTraversalTest, NothingOutsideIsServedThroughLinksThatAreFollowed) {
  PlaceCanaries();
  fs::create_symlink("a/b/inside.txt", Root() / "within");
  fs::create_symlink(fs::absolute(Root() / "a/b/inside.txt"), Root() / "absolute-within");
  CServerProcess& server = Serve({"listener.0.listing=true", "listener.0.follow_symlinks=true"});
  EXPECT_EQ(CHttpTestClient(server.Port()).Ask("/within").body, "inside");
  EXPECT_EQ(CHttpTestClient(server.Port()).Ask("/absolute-within").body, "inside");
  ExpectNoEscape(server);
}

}  // namespace
}  // namespace switchboard
