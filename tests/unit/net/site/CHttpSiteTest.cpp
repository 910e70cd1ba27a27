#include "net/site/CHttpSite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "net/http/HttpStatus.h"
#include "tests/support/CHttpTestClient.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CTemporaryFolder.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// A site whose answers to a path a test gives, and what a client gets of it.
class CHttpSiteTest : public testing::Test {
 protected:
  SConfig Config() const {
    SConfig config = TestConfig();
    config.listeners[0].protocol = EListenerProtocol::kHttp;
    config.listeners[0].http.headers = {"X-Served-By: us", "X-Frame-Options: DENY"};
    config.listeners[0].http.access_log = (m_folder.Path() / "access.log").string();
    return config;
  }
  // Has every request answered so.
  template <class Answer>
  void AnswerWith(Answer answer) {
    m_application.onTake = [answer](CHttpSite& site, const SHttpTask& task, const CHttpPath&) {
      answer(site, task);
      return std::optional<uint32_t>();
    };
  }
  std::string LogBehindPeer() const {
    const std::string log = m_folder.Read("access.log");
    const size_t quote = log.find('"');
    return quote == std::string::npos ? log : log.substr(quote);
  }

  CTemporaryFolder m_folder;
  CStubApplication m_application;
};

TEST_F(CHttpSiteTest, AStatusHasAPageAndTheLinesOfEveryAnswer) {
  AnswerWith([](CHttpSite& site, const SHttpTask& task) { site.AnswerStatus(task, 404, "X-Why: gone\r\n"); });
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  const SHttpAnswer answer = client.Ask("/nothing", "Referer: r\r\nUser-Agent: test\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("<h1>404 Not Found</h1>"));
  EXPECT_EQ(answer.Field("content-length"), std::to_string(answer.body.size()));
  EXPECT_EQ(answer.Field("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.Field("x-served-by"), "us");
  EXPECT_EQ(answer.Field("x-frame-options"), "DENY");
  EXPECT_EQ(answer.Field("x-why"), "gone");
  EXPECT_EQ(answer.Field("server"), "switchboard");
  EXPECT_EQ(answer.Field("date").size(), 29U);
  network.Stop(EStopMode::kFast);
  EXPECT_EQ(LogBehindPeer(),
            "\"GET /nothing HTTP/1.1\" 404 " + std::to_string(answer.body.size()) + " \"r\" \"test\"\n");
}

TEST_F(CHttpSiteTest, AHeadGetsTheHeadAlone) {
  AnswerWith([](CHttpSite& site, const SHttpTask& task) { site.AnswerStatus(task, 403); });
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  const std::string page = client.Ask("/").body;
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("HEAD", "/")));
  const SHttpAnswer answer = client.Receive(true);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.Field("content-length"), std::to_string(page.size()));
  EXPECT_EQ(client.Ask("/").status, 403) << "nothing came behind the head";
  network.Stop(EStopMode::kFast);
  EXPECT_THAT(m_folder.Read("access.log"), HasSubstr("\"HEAD / HTTP/1.1\" 403 0 "));
}

TEST_F(CHttpSiteTest, WhatIsntAllowedNamesWhatIs) {
  AnswerWith([](CHttpSite& site, const SHttpTask& task) { site.AnswerStatus(task, 405); });
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  EXPECT_EQ(client.Ask("/").Field("allow"), "GET, HEAD");
}

TEST_F(CHttpSiteTest, TheClientIsToldThatItsConnectionEnds) {
  AnswerWith([](CHttpSite& site, const SHttpTask& task) { site.AnswerPage(task, 200, "X-Page: 1\r\n", "page"); });
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  EXPECT_EQ(client.Ask("/").Field("connection"), "");
  const SHttpAnswer last = client.Ask("/", "Connection: close\r\n");
  EXPECT_EQ(last.Field("connection"), "close");
  EXPECT_EQ(last.Field("x-page"), "1");
  EXPECT_EQ(last.body, "page");
  EXPECT_TRUE(client.IsClosed());
  CHttpTestClient old(network.Port());
  ASSERT_TRUE(old.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_EQ(old.Receive().Field("connection"), "keep-alive");
}

TEST_F(CHttpSiteTest, AnAnswerCanBeMadePieceByPiece) {
  AnswerWith([](CHttpSite& site, const SHttpTask& task) {
    site.AddHead(task, 206, "X-Pieces: 2\r\n", 6);
    task.answers.Add("abc");
    task.answers.Add("def");
    site.Finish(task, 206, 6);
  });
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  const SHttpAnswer answer = client.Ask("/");
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.body, "abcdef");
  EXPECT_EQ(answer.Field("x-pieces"), "2");
  EXPECT_EQ(network.Count(ECounter::kPacketsReplied), 1U);
  network.Stop(EStopMode::kFast);
  EXPECT_THAT(m_folder.Read("access.log"), HasSubstr("\" 206 6 "));
}

TEST_F(CHttpSiteTest, NoLengthIsToldOfWhatHasNone) {
  AnswerWith([](CHttpSite& site, const SHttpTask& task) { site.AnswerPage(task, 304, "ETag: \"e\"\r\n", ""); });
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  ASSERT_TRUE(client.Get("/"));
  const SHttpAnswer answer = client.Receive(true);
  EXPECT_EQ(answer.status, 304);
  EXPECT_THAT(answer.head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(answer.Field("etag"), "\"e\"");
}

TEST_F(CHttpSiteTest, WhatIsNoRequestIsRefusedLoggedAndTheEnd) {
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  ASSERT_TRUE(client.Send("nonsense\r\n\r\n"));
  const SHttpAnswer answer = client.Receive();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Field("connection"), "close");
  EXPECT_EQ(answer.Field("x-served-by"), "us");
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(network.Count(ECounter::kPacketsAccepted), 0U) << "it was none";
  network.Stop(EStopMode::kFast);
  EXPECT_THAT(m_folder.Read("access.log"), MatchesRegex("127\\.0\\.0\\.1 - - .*\" 400 [0-9]+ \"-\" \"-\"\n"));
}

TEST_F(CHttpSiteTest, ALogThatCantBeOpenedRefusesTheStart) {
  SConfig config = Config();
  config.listeners[0].http.access_log = (m_folder.Path() / "no folder" / "access.log").string();
  EXPECT_THROW(CTestNetwork(m_application, config), std::system_error);
}

}  // namespace
}  // namespace switchboard
