// The demo logic over the wire: Ping, Register, Login, Echo.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logic/MsgCode.h"
#include "logic/demo/DemoMessages.h"
#include "tests/system/CSystemTest.h"

namespace switchboard {
namespace {

class CDemoTest : public CSystemTest {
 protected:
  CServerProcess& StartDemo(std::vector<std::string> overrides = {}) {
    SServerOptions options;
    options.program = "switchboard";
    options.overrides = std::move(overrides);
    return Start(options);
  }

  template <size_t N>
  static void Fill(char (&field)[N], std::string_view text) {
    std::memcpy(field, text.data(), std::min(N, text.size()));
  }
  template <class Body>
  static std::string TextOf(const Body& body) {
    return {reinterpret_cast<const char*>(&body), sizeof(body)};
  }
  static std::string RegisterBody(std::string_view username, std::string_view password) {
    SRegisterBody body{};
    body.type = 1;
    Fill(body.username, username);
    Fill(body.password, password);
    return TextOf(body);
  }
  static std::string LoginBody(std::string_view username, std::string_view password) {
    SLoginBody body{};
    Fill(body.username, username);
    Fill(body.password, password);
    return TextOf(body);
  }
  static EDemoResult ResultIn(const SReceivedFrame& frame, uint16_t msgCode) {
    EXPECT_EQ(frame.msgCode, msgCode);
    SResultBody body{};
    EXPECT_EQ(frame.body.size(), sizeof(body));
    if (frame.body.size() == sizeof(body)) std::memcpy(&body, frame.body.data(), sizeof(body));
    return static_cast<EDemoResult>(body.result.value());
  }
  static EDemoResult Register(CTestClient& client, std::string_view username, std::string_view password) {
    return ResultIn(Ask(client, kRegister, RegisterBody(username, password)), kRegister);
  }
  static EDemoResult Login(CTestClient& client, std::string_view username, std::string_view password) {
    return ResultIn(Ask(client, kLogin, LoginBody(username, password)), kLogin);
  }
};

TEST_F(CDemoTest, RegistersAndLogsIn) {
  CServerProcess& server = StartDemo();
  CTestClient client(server.Port());
  const SReceivedFrame ping = Ask(client, kPing);
  EXPECT_EQ(ping.msgCode, kPing);
  EXPECT_TRUE(ping.body.empty());
  EXPECT_EQ(Ask(client, kEcho, "hello").Text(), "hello");
  EXPECT_EQ(Register(client, "ada", "difference"), EDemoResult::kOk);
  EXPECT_EQ(Register(client, "ada", "another"), EDemoResult::kNameTaken);
  EXPECT_EQ(Login(client, "ada", "difference"), EDemoResult::kOk);
  EXPECT_EQ(Login(client, "ada", "another"), EDemoResult::kBadCredentials);
  EXPECT_EQ(Login(client, "bob", "difference"), EDemoResult::kBadCredentials);
}

TEST_F(CDemoTest, AccountsOutliveTheServerAndItsWorkers) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& first = StartDemo();
  {
    CTestClient client(first.Port());
    EXPECT_EQ(Register(client, "grace", "compiler"), EDemoResult::kOk);
    const pid_t before = first.WorkerPid();
    kill(before, SIGKILL);
    ASSERT_TRUE(first.WaitForNewWorker(0, before));
    CTestClient again(first.Port());
    EXPECT_EQ(Login(again, "grace", "compiler"), EDemoResult::kOk);
  }
  EXPECT_EQ(first.Stop(), 0);
  CServerProcess& second = StartDemo();
  CTestClient client(second.Port());
  EXPECT_EQ(Login(client, "grace", "compiler"), EDemoResult::kOk);
}

TEST_F(CDemoTest, OneOfManyRegistersAName) {
  CServerProcess& server = StartDemo({"server.workers=2", "business.threads=2"});
  std::deque<CTestClient> clients;
  for (int i = 0; i < 12; ++i) clients.emplace_back(server.Port());
  for (const char* p_name : {"alan", "edsger", "barbara"}) {
    for (CTestClient& client : clients) ASSERT_TRUE(client.SendFrame(kRegister, RegisterBody(p_name, "secret")));
    int winners = 0;
    for (CTestClient& client : clients) {
      const EDemoResult result = ResultIn(Next(client), kRegister);
      if (result == EDemoResult::kOk) ++winners;
      EXPECT_TRUE(result == EDemoResult::kOk || result == EDemoResult::kNameTaken);
    }
    EXPECT_EQ(winners, 1) << p_name;
  }
}

TEST_F(CDemoTest, BadFieldsAreRefused) {
  CServerProcess& server = StartDemo();
  CTestClient client(server.Port());
  const std::string noNul(100, 'x');
  for (const std::string& bad : {noNul, std::string(), std::string("\xc0\xaf"), std::string("\xed\xa0\x80")}) {
    EXPECT_EQ(Register(client, bad, "secret"), EDemoResult::kBadField);
    EXPECT_EQ(Register(client, "name", bad), EDemoResult::kBadField);
    EXPECT_EQ(Login(client, bad, "secret"), EDemoResult::kBadField);
    EXPECT_EQ(Login(client, "name", bad), EDemoResult::kBadField);
  }
  ExpectReject(Ask(client, kRegister, RegisterBody("a", "b").substr(1)), kRegister, ERejectReason::kShortBody);
  ExpectReject(Ask(client, kLogin, ""), kLogin, ERejectReason::kShortBody);
  EXPECT_EQ(Register(client, "h\xc3\xa9l\xc3\xa8ne", "se\xc3\xb1or"), EDemoResult::kOk);
}

TEST_F(CDemoTest, PipelinedLoginsAndPingsAreAnsweredInOrder) {
  CServerProcess& server = StartDemo();
  CTestClient client(server.Port());
  Bytes bytes;
  for (int i = 0; i < 5; ++i) {
    Append(bytes, MakeFrame(kLogin, LoginBody("nobody", "nothing")));
    Append(bytes, MakeFrame(kPing));
    Append(bytes, MakeFrame(kEcho, std::to_string(i)));
  }
  ASSERT_TRUE(client.SendRaw(bytes));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ResultIn(Next(client), kLogin), EDemoResult::kBadCredentials);
    EXPECT_EQ(Next(client).msgCode, kPing);
    EXPECT_EQ(Next(client).Text(), std::to_string(i));
  }
}

}  // namespace
}  // namespace switchboard
