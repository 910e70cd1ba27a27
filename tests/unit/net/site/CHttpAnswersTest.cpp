#include "net/site/CHttpAnswers.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <semaphore>
#include <string>

#include "net/site/CHttpSite.h"
#include "tests/support/CHttpTestClient.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CTemporaryFolder.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

// Answers that a test makes byte by byte, of sb-io (onTake) or a thread of the pool (onRun).
class CHttpAnswersTest : public testing::Test {
 protected:
  static SConfig Config() {
    SConfig config = TestConfig();
    config.listeners[0].protocol = EListenerProtocol::kHttp;
    return config;
  }
  static void AddHead(CHttpAnswers& answers, size_t bytes) {
    answers.Add("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
  }

  CStubApplication m_application;
};

TEST_F(CHttpAnswersTest, AnswersOfOneReadLeaveWithOneSend) {
  m_application.onTake = [](CHttpSite&, const SHttpTask& task, const CHttpPath& path) {
    AddHead(task.answers, path.Full().size());
    task.answers.Add(path.Full());
    task.answers.CountRequest();
    return std::optional<uint32_t>();
  };
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += CHttpTestClient::Request("GET", "/" + std::to_string(i));
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.Receive().body, "/" + std::to_string(i));
  EXPECT_EQ(network.Count(ECounter::kSends), 1U);
  EXPECT_EQ(network.Count(ECounter::kPacketsReplied), 10U);
}

TEST_F(CHttpAnswersTest, PartsOfFilesKeepTheirPlace) {
  CTemporaryFolder folder;
  folder.Write("file", "0123456789");
  const auto p_file = std::make_shared<const CFd>(open((folder.Path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  m_application.onTake = [&](CHttpSite&, const SHttpTask& task, const CHttpPath&) {
    AddHead(task.answers, 11);
    task.answers.Add("<");
    task.answers.AddFile({p_file, 2, 3});
    task.answers.Add("-");
    task.answers.AddFile({p_file, 0, 5});
    task.answers.Add(">");
    task.answers.CountRequest();
    return std::optional<uint32_t>();
  };
  for (const EReplyPath path : {EReplyPath::kDirect, EReplyPath::kSendThread}) {
    SConfig config = Config();
    config.reply.path = path;
    CTestNetwork network(m_application, config);
    CHttpTestClient client(network.Port());
    ASSERT_TRUE(client.Send(CHttpTestClient::Request("GET", "/") + CHttpTestClient::Request("GET", "/")));
    for (int i = 0; i < 2; ++i) EXPECT_EQ(client.Receive().body, "<234-01234>");
    EXPECT_EQ(network.Count(ECounter::kPacketsReplied), 2U);
  }
}

TEST_F(CHttpAnswersTest, WhatNobodyTakesIsCountedAsDiscarded) {
  std::binary_semaphore isRunning(0);
  std::binary_semaphore mayAnswer(0);
  m_application.onTake = [](CHttpSite&, const SHttpTask&, const CHttpPath&) { return std::optional<uint32_t>(3); };
  m_application.onRun = [&](uint32_t handler, SRouteTask& task) {
    EXPECT_EQ(handler, 3U);
    isRunning.release();
    mayAnswer.acquire();
    CHttpNow now;
    CHttpAnswers answers(task.turn, now);
    AddHead(answers, 0);
    answers.CountRequest();
  };
  CTestNetwork network(m_application, Config());
  {
    CHttpTestClient client(network.Port());
    ASSERT_TRUE(client.Get("/"));
    isRunning.acquire();
    client.Socket().Rst();
  }
  ASSERT_TRUE(Eventually([&] { return network.Count(ECloseReason::kPeerReset) == 1; }));
  mayAnswer.release();
  EXPECT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsDiscarded) == 1; }));
  EXPECT_EQ(network.Count(ECounter::kPacketsReplied), 0U);
}

TEST_F(CHttpAnswersTest, KnowsTheTimeAndThePeer) {
  m_application.onTake = [](CHttpSite&, const SHttpTask& task, const CHttpPath&) {
    const std::string text = std::string(task.answers.Now().Date()) + " " + task.answers.Peer().ToString();
    AddHead(task.answers, text.size());
    task.answers.Add(text);
    task.answers.CountRequest();
    return std::optional<uint32_t>();
  };
  CTestNetwork network(m_application, Config());
  CHttpTestClient client(network.Port());
  EXPECT_THAT(client.Ask("/").body, testing::MatchesRegex("[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9: ]{13} GMT "
                                                          "127\\.0\\.0\\.1:" +
                                                          std::to_string(client.Socket().LocalPort())));
}

}  // namespace
}  // namespace switchboard
