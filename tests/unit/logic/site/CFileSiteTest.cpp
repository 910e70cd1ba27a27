#include "logic/site/CFileSite.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/support/CHttpTestClient.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CTemporaryFolder.h"
#include "tests/support/CTestNetwork.h"
#include "tests/support/CTestRequest.h"

namespace switchboard {
namespace {

// What is small is answered from memory, what is large from the open file.
constexpr size_t kLarge = CFileLoader::kSmallBytes + 1000;

class CFileSiteTest : public testing::Test {
 protected:
  CFileSiteTest() {
    m_folder.Write("index.html", "home");
    m_folder.Write("small", "0123456789");
    m_folder.Write("empty", "");
    m_folder.Write("large", std::string(kLarge, 'x') + "end");
    m_folder.Write(".hidden", "secret");
    m_folder.Write("a folder/one", "1");
    m_config = TestConfig();
    m_config.listeners[0].protocol = EListenerProtocol::kHttp;
    m_config.listeners[0].root = m_folder.Path().string();
    m_config.listeners[0].http.listing = true;
    m_application.onTake = [this](CHttpSite& site, const SHttpTask& task, const CHttpPath& path) {
      std::optional<SSiteEntry> entry = m_p_site->Cached(task.request, path, m_now);
      if (!entry) entry = m_p_site->Lookup(path.Full(), m_now);
      CFileSite::Answer(site, task, *entry);
      return std::optional<uint32_t>();
    };
  }
  // Of a network of its own, for `fields` as CHttpTestClient::Request has them.
  SHttpAnswer Ask(const std::string& target, const std::string& fields = "", const std::string& method = "GET") {
    m_p_site = std::make_unique<CFileSite>(m_config.listeners[0]);
    CTestNetwork network(m_application, m_config);
    CHttpTestClient client(network.Port());
    client.Send(CHttpTestClient::Request(method, target, fields));
    SHttpAnswer answer = client.Receive(method == "HEAD");
    EXPECT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsReplied) == 1; }));
    return answer;
  }

  CTemporaryFolder m_folder;
  SConfig m_config;
  CStubApplication m_application;
  std::unique_ptr<CFileSite> m_p_site;
  const MonotonicTime m_now{std::chrono::hours(1000)};
};

TEST_F(CFileSiteTest, AnswersWithFilesOfAnySize) {
  EXPECT_EQ(Ask("/small").body, "0123456789");
  EXPECT_EQ(Ask("/empty").body, "");
  EXPECT_EQ(Ask("/large").body, std::string(kLarge, 'x') + "end");
  EXPECT_EQ(Ask("/").body, "home");
  const SHttpAnswer head = Ask("/large", "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Field("content-length"), std::to_string(kLarge + 3));
}

TEST_F(CFileSiteTest, AnswersWithPartsOfFiles) {
  EXPECT_EQ(Ask("/small", "Range: bytes=2-4\r\n").body, "234");
  const SHttpAnswer end = Ask("/large", "Range: bytes=-3\r\n");
  EXPECT_EQ(end.status, 206);
  EXPECT_EQ(end.body, "end");
  const SHttpAnswer two = Ask("/small", "Range: bytes=0-0,9-9\r\n");
  EXPECT_EQ(two.status, 206);
  EXPECT_NE(two.body.find("\r\n\r\n0\r\n"), std::string::npos) << two.body;
  EXPECT_NE(two.body.find("\r\n\r\n9\r\n"), std::string::npos) << two.body;
  EXPECT_EQ(Ask("/small", "Range: bytes=10-\r\n").status, 416);
}

TEST_F(CFileSiteTest, AnswersWhatTheClientHasAlready) {
  const std::string modified = Ask("/small").Field("last-modified");
  const SHttpAnswer answer = Ask("/small", "If-Modified-Since: " + modified + "\r\n", "HEAD");
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(Ask("/small", "If-Match: \"other\"\r\n").status, 412);
}

TEST_F(CFileSiteTest, AFolderIsNamedWithItsSlashAndListed) {
  const SHttpAnswer moved = Ask("/a%20folder?x=y");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.Field("location"), "/a%20folder/?x=y");
  const SHttpAnswer list = Ask("/a%20folder/");
  EXPECT_EQ(list.status, 200);
  EXPECT_NE(list.body.find("one"), std::string::npos) << list.body;
}

TEST_F(CFileSiteTest, WhatIsHiddenIsntThereAndNothingIsWritten) {
  EXPECT_EQ(Ask("/.hidden").status, 404);
  const SHttpAnswer answer = Ask("/small", "Content-Length: 0\r\n", "PUT");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Field("allow"), "GET, HEAD");
}

TEST_F(CFileSiteTest, SaysOfTheCacheAloneWhatItHas) {
  CFileSite site(m_config.listeners[0]);
  const CTestRequest get("");
  const CTestRequest post("Content-Length: 0\r\n", "POST / HTTP/1.1");
  CHttpPath path;
  path.Resolve("/small");
  EXPECT_FALSE(site.Cached(get.Get(), path, m_now).has_value()) << "only the disk knows";
  EXPECT_EQ(site.Cached(post.Get(), path, m_now)->status, 405) << "whatever the disk has";
  EXPECT_EQ(site.Lookup(path.Full(), m_now).p_file->body, "0123456789");
  EXPECT_EQ(site.Cached(get.Get(), path, m_now)->p_file->body, "0123456789");
  path.Resolve("/.hidden");
  EXPECT_EQ(site.Cached(get.Get(), path, m_now)->status, 404);
}

}  // namespace
}  // namespace switchboard
