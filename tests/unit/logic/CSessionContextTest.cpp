#include "logic/CSessionContext.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "logic/CLogic.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::atomic<int> g_constructed{0};
std::atomic<int> g_destroyed{0};
std::atomic<int> g_attempts{0};

struct SCount {
  SCount() { ++g_constructed; }
  ~SCount() { ++g_destroyed; }
  SCount(const SCount&) = delete;
  SCount& operator=(const SCount&) = delete;
  int packets = 0;
};

// Can't be made the first time.
struct SShy {
  SShy() {
    if (++g_attempts == 1) throw std::runtime_error("not yet");
  }
  int value = 7;
};

class CCountingLogic final : public CLogic {
 public:
  CCountingLogic() {
    On(1, &CCountingLogic::HandleCount);
    On(2, &CCountingLogic::HandleNothing, Run::kInline);
    On(3, &CCountingLogic::HandleWrongType, Run::kInline);
    On(4, &CCountingLogic::HandleShy);
    On(5, &CCountingLogic::HandleOther);
  }

 private:
  bool HandleCount(CRequest& request) {
    return request.Reply(ToBytes(std::to_string(++request.State<SCount>().packets)));
  }
  bool HandleNothing(CRequest& request) { return request.Reply(); }
  bool HandleWrongType(CRequest& request) {
    EXPECT_THAT([&] { request.State<std::string>(); },
                ThrowsMessage<std::logic_error>(
                    AllOf(HasSubstr("of another type: "), HasSubstr("SCount, and not std::"), HasSubstr("string"))));
    return request.Reply(ToBytes(std::to_string(request.State<SCount>().packets)));
  }
  bool HandleShy(CRequest& request) { return request.Reply(std::to_string(request.StateOf<SShy>(&g_attempts).value)); }
  // Of somebody who is no module.
  bool HandleOther(CRequest& request) {
    EXPECT_EQ(&request.StateOf<SCount>(this), &request.State<SCount>());
    EXPECT_NE(&request.StateOf<SCount>(&m_helper), &request.State<SCount>());
    return request.Reply(std::to_string(++request.StateOf<SCount>(&m_helper).packets));
  }
  void OnDisconnect(CSessionContext& context, ECloseReason) override {
    EXPECT_GT(g_constructed, g_destroyed) << "it is still there";
    EXPECT_GT(context.State<SCount>().packets, 0);
  }

  const int m_helper = 0;
};

class CSessionContextTest : public testing::Test {
 protected:
  CSessionContextTest() { g_constructed = g_destroyed = g_attempts = 0; }
  std::string Ask(CTestClient& client, uint16_t code) {
    client.SendFrame(code);
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    return frame ? frame->Text() : "nothing";
  }

  CCountingLogic m_logic;
  CTestNetwork m_network{m_logic};
};

TEST_F(CSessionContextTest, StateBeginsAtItsFirstUseAndEndsAfterOnDisconnect) {
  CTestClient client(m_network.Port());
  EXPECT_EQ(Ask(client, 2), "");
  EXPECT_EQ(g_constructed, 0);
  EXPECT_EQ(Ask(client, 1), "1");
  EXPECT_EQ(Ask(client, 1), "2");
  EXPECT_EQ(g_constructed, 1);
  EXPECT_EQ(g_destroyed, 0);
  client.Close();
  EXPECT_TRUE(Eventually([] { return g_destroyed == 1; }));
  EXPECT_EQ(g_constructed, 1);
}

TEST_F(CSessionContextTest, EachSessionHasItsOwn) {
  CTestClient one(m_network.Port());
  CTestClient other(m_network.Port());
  EXPECT_EQ(Ask(one, 1), "1");
  EXPECT_EQ(Ask(one, 1), "2");
  EXPECT_EQ(Ask(other, 1), "1");
}

TEST_F(CSessionContextTest, TheNextConnectionInTheSlotBeginsAnew) {
  for (int i = 0; i < 20; ++i) {
    CTestClient client(m_network.Port());
    EXPECT_EQ(Ask(client, 1), "1");
  }
  m_network.Stop();
  EXPECT_EQ(g_constructed, 20);
  EXPECT_EQ(g_destroyed, 20);
}

TEST_F(CSessionContextTest, WhatCouldNotBeMadeIsTriedAgainAtTheNextUse) {
  CTestClient client(m_network.Port());
  EXPECT_EQ(Ask(client, 1), "1");
  client.SendFrame(4);
  EXPECT_EQ(client.ReceiveFrame()->msgCode, kRejectCode);
  EXPECT_EQ(Ask(client, 4), "7");
  EXPECT_EQ(Ask(client, 4), "7");
  EXPECT_EQ(g_attempts, 2);
}

TEST_F(CSessionContextTest, StatesOfSeveralOwnersStandSideBySideAndEndTogether) {
  CTestClient client(m_network.Port());
  EXPECT_EQ(Ask(client, 1), "1");
  EXPECT_EQ(Ask(client, 5), "1");
  EXPECT_EQ(Ask(client, 5), "2");
  EXPECT_EQ(Ask(client, 1), "2");
  client.Close();
  EXPECT_TRUE(Eventually([] { return g_destroyed == 2; }));
  EXPECT_EQ(g_constructed, 2);
}

TEST_F(CSessionContextTest, ASecondTypeIsRefused) {
  CTestClient client(m_network.Port());
  EXPECT_EQ(Ask(client, 1), "1");
  EXPECT_EQ(Ask(client, 3), "1");
}

}  // namespace
}  // namespace switchboard
