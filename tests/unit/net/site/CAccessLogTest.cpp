#include "net/site/CAccessLog.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

class CAccessLogTest : public testing::Test {
 protected:
  CAccessLogTest() {
    m_now.Set(784111777);
    m_request.methodName = "GET";
    m_request.target = "/x";
    m_peer.address.s6_addr[10] = m_peer.address.s6_addr[11] = 0xff;
    m_peer.address.s6_addr[12] = 127;
    m_peer.address.s6_addr[15] = 1;
  }
  void Append(CAccessLog& log) { log.Append(m_request, m_now, m_peer, 200, 5); }

  const CTemporaryFolder m_folder;
  const std::string m_file = (m_folder.Path() / "access.log").string();
  CLog m_plainLog{(m_folder.Path() / "log").string(), ELogLevel::kInfo};
  const CClock m_clock;
  CLimitedLog m_log{m_plainLog, m_clock, [] {}};
  CHttpNow m_now;
  SHttpRequest m_request;
  SPeer m_peer;
};

TEST_F(CAccessLogTest, GathersLinesAndWritesThemAtOnce) {
  CAccessLog log(m_file, m_log);
  EXPECT_TRUE(log.IsOn());
  Append(log);
  EXPECT_EQ(m_folder.Read("access.log"), "");
  log.Flush();
  const std::string line = m_folder.Read("access.log");
  EXPECT_TRUE(line.starts_with("127.0.0.1 - - [")) << line;
  EXPECT_TRUE(line.ends_with("] \"GET /x HTTP/1.1\" 200 5 \"-\" \"-\"\n")) << line;
  log.Flush();
  log.Write(m_request, m_now, m_peer, 200, 5);
  EXPECT_EQ(m_folder.Read("access.log"), line + line);
}

TEST_F(CAccessLogTest, ManyLinesDoNotWait) {
  CAccessLog log(m_file, m_log);
  for (int i = 0; i < 1000; ++i) Append(log);
  EXPECT_GT(m_folder.Read("access.log").size(), 60000U);
}

TEST_F(CAccessLogTest, LinesThatAFullDiskLosesAreCountedAndTold) {
  CAccessLog log("/dev/full", m_log);
  for (int i = 0; i < 3; ++i) log.Write(m_request, m_now, m_peer, 200, 5);
  m_log.FlushAll();
  const std::string text = m_folder.Read("log");
  EXPECT_NE(text.find("the access log /dev/full takes no more"), std::string::npos) << text;
  EXPECT_NE(text.find("2 more like it were held back"), std::string::npos) << text;
}

TEST_F(CAccessLogTest, WithoutAFileThereIsNone) { EXPECT_FALSE(CAccessLog("", m_log).IsOn()); }

TEST_F(CAccessLogTest, ReopenGoesOnInTheFileOfThatName) {
  CAccessLog log(m_file, m_log);
  Append(log);
  std::filesystem::rename(m_file, m_file + ".1");
  log.Reopen();
  Append(log);
  log.Flush();
  EXPECT_NE(m_folder.Read("access.log.1"), "");
  EXPECT_EQ(m_folder.Read("access.log"), m_folder.Read("access.log.1"));
}

TEST_F(CAccessLogTest, RootFollowsNoLinkThatAnotherMayHavePutNeitherAtFirstNorWhenItIsReopened) {
  std::filesystem::permissions(m_folder.Path(), std::filesystem::perms::all);
  m_folder.Write("target", "precious");
  const bool isRoot = ::geteuid() == 0;
  CAccessLog log(m_file, m_log);
  std::filesystem::rename(m_file, m_file + ".1");
  std::filesystem::create_symlink("target", m_file);
  log.Reopen();
  Append(log);
  log.Flush();
  EXPECT_EQ(m_folder.Read("target") == "precious", isRoot);
  EXPECT_EQ(m_folder.Read("access.log.1") != "", isRoot) << "it goes on with the old file";
  if (isRoot) {
    EXPECT_THROW(CAccessLog(m_file, m_log), std::system_error);
  }
}

TEST_F(CAccessLogTest, ManyThreadsMayAppend) {
  CAccessLog log(m_file, m_log);
  const auto append = [&] {
    for (int i = 0; i < 2000; ++i) {
      Append(log);
      if (i % 100 == 99) log.Flush();
    }
  };
  std::thread other(append);
  append();
  other.join();
  const std::string lines = m_folder.Read("access.log");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4000);
  EXPECT_EQ(lines.size() % 4000, 0U);
}

}  // namespace
}  // namespace switchboard
