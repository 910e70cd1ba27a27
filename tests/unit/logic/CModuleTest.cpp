#include "logic/CModule.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "logic/CLogic.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

constexpr uint16_t kOwn = 1;
constexpr uint16_t kModules = 2;
constexpr uint16_t kPublic = 3;
constexpr uint16_t kAdmin = 4;
constexpr uint16_t kPooled = 5;
constexpr uint16_t kBlocking = 6;

struct SCount {
  int count = 0;
};

// Counts its packets for each session, and writes down when its hooks run.
class CCountingModule : public CModule {
 public:
  explicit CCountingModule(std::vector<std::string>& events) : m_events(events) {
    On(kModules, &CCountingModule::HandleCount);
  }
  void OnWorkerStart() override { m_events.emplace_back("module starts"); }
  void OnWorkerStop() override { m_events.emplace_back("module stops"); }

 private:
  bool HandleCount(CRequest& request) { return request.Reply(std::to_string(++request.State<SCount>().count)); }

  std::vector<std::string>& m_events;
};

std::string ThreadName() {
  char name[16];
  pthread_getname_np(pthread_self(), name, sizeof(name));
  return name;
}

class CHostLogic : public CLogic {
 public:
  CHostLogic() {
    Use<CCountingModule>(events);
    On(kOwn, &CHostLogic::HandleCount);
    On(kBlocking, &CHostLogic::HandleName, Run::kBlocking);
  }
  void OnWorkerStart() override { events.emplace_back("logic starts"); }
  void OnWorkerStop() override { events.emplace_back("logic stops"); }

  std::vector<std::string> events;

 private:
  bool HandleCount(CRequest& request) {
    request.State<SCount>().count += 10;
    return request.Reply(std::to_string(request.State<SCount>().count));
  }
  bool HandleName(CRequest& request) { return request.Reply(ThreadName()); }
};

class CBoundLogic : public CLogic {
 public:
  CBoundLogic() {
    On(kPublic, &CBoundLogic::Handle).OnlyOn("public");
    On(kAdmin, &CBoundLogic::Handle).OnlyOn("admin");
  }

 private:
  bool Handle(CRequest& request) { return request.Reply(); }
};

class CPooledLogic : public CLogic {
 public:
  CPooledLogic() { On(kPooled, &CPooledLogic::Handle, Pool("db")); }

 private:
  bool Handle(CRequest& request) { return request.Reply(ThreadName()); }
};

std::string Ask(CTestClient& client, uint16_t msgCode) {
  client.SendFrame(msgCode);
  const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
  return frame ? std::to_string(frame->msgCode) + ':' + frame->Text() : "nothing";
}

TEST(CModuleTest, EachModuleHasAStateOfItsOwnForEachSession) {
  CHostLogic logic;
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  CTestClient other(network.Port());
  EXPECT_EQ(Ask(client, kOwn), "1:10");
  EXPECT_EQ(Ask(client, kModules), "2:1");
  EXPECT_EQ(Ask(client, kModules), "2:2");
  EXPECT_EQ(Ask(other, kModules), "2:1");
  EXPECT_EQ(Ask(client, kOwn), "1:20");
}

TEST(CModuleTest, AModuleStartsBeforeItsLogicAndStopsAfterIt) {
  CHostLogic logic;
  { CTestNetwork network(logic); }
  EXPECT_EQ(logic.events, (std::vector<std::string>{"module starts", "logic starts", "logic stops", "module stops"}));
}

TEST(CModuleTest, ACodeOfAnotherListenerIsUnknown) {
  SConfig config = TestConfig();
  config.listeners.resize(2);
  config.listeners[0].name = "public";
  config.listeners[1].name = "admin";
  CBoundLogic logic;
  CTestNetwork network(logic, config);
  CTestClient client(network.Port());
  EXPECT_EQ(Ask(client, kPublic), "3:");
  Ask(client, kAdmin);
  EXPECT_EQ(network.Count(ERejectReason::kUnknownCode), 1U);
}

TEST(CModuleTest, AListenerThatIsNotThereRefusesTheStart) {
  CBoundLogic logic;
  EXPECT_THROW(CTestNetwork network(logic), std::logic_error);
}

TEST(CModuleTest, ACodeForAnHttpListenerRefusesTheStart) {
  SConfig config = TestConfig();
  config.listeners.resize(2);
  config.listeners[0].name = "public";
  config.listeners[1].name = "admin";
  config.listeners[1].protocol = EListenerProtocol::kHttp;
  CBoundLogic logic;
  try {
    CTestNetwork network(logic, config);
    FAIL() << "a code that nobody could ever send was taken";
  } catch (const std::logic_error& error) {
    EXPECT_EQ(std::string(error.what()), "msgCode " + std::to_string(kAdmin) +
                                             " is for the listener \"admin\", which needs protocol = \"packet\"");
  }
}

TEST(CModuleTest, AHandlerRunsInThePoolThatItNames) {
  SConfig config = TestConfig();
  config.pool.named.push_back({"db", 1});
  CPooledLogic logic;
  CTestNetwork network(logic, config);
  CTestClient client(network.Port());
  EXPECT_EQ(Ask(client, kPooled), "5:sb-db-0");
}

TEST(CModuleTest, APoolThatIsNotThereRefusesTheStart) {
  CPooledLogic logic;
  EXPECT_THROW(CTestNetwork network(logic), std::logic_error);
}

TEST(CModuleTest, BlockingHandlersHaveThreadsOfTheirOwnAndTheOrderStays) {
  CHostLogic logic;
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  for (int i = 0; i < 3; ++i) {
    client.SendFrame(kModules);
    client.SendFrame(kBlocking);
  }
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(client.ReceiveFrame()->Text(), std::to_string(i));
    EXPECT_EQ(client.ReceiveFrame()->Text().substr(0, 9), "sb-block-");
  }
}

}  // namespace
}  // namespace switchboard
