#include "net/role/CTurn.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>

#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

constexpr uint16_t kCode = 7;
constexpr uint16_t kLast = 8;

std::string ThreadName() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

std::string TextOf(const SFrame& frame) {
  return {reinterpret_cast<const char*>(frame.body.data()), frame.body.size()};
}

// What a handler does is written in each test; it is run by a real pool, for a real client.
class CTurnTest : public testing::Test {
 protected:
  // So many requests in one read, hence in one turn.
  static bool SendTogether(CTestClient& client, int requests, uint16_t lastCode = kCode) {
    Bytes all;
    for (int i = 0; i < requests; ++i) {
      Append(all, MakeFrame(i + 1 == requests ? lastCode : kCode, std::to_string(i)));
    }
    return client.SendRaw(all);
  }
  static std::string Next(CTestClient& client) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    return frame ? frame->Text() : "nothing";
  }

  CStubApplication m_application;
};

TEST_F(CTurnTest, AnswersOfATurnLeaveWithOneSend) {
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(SendTogether(client, 20));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Next(client), std::to_string(i));
  EXPECT_EQ(network.Count(ECounter::kSends), 1U);
}

TEST_F(CTurnTest, WhatIsFlushedLeavesWhileTheTurnGoesOn) {
  std::binary_semaphore mayEnd(0);
  m_application.onFrame = [&](CTurn& turn, const SFrame& frame) {
    CStubApplication::Echo(turn, frame);
    if (frame.msgCode != kLast) return;
    turn.Flush();
    EXPECT_TRUE(turn.IsGood());
    mayEnd.acquire();
    CPacketWriter::Put(turn, kCode, ToBytes("at the end"));
  };
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(SendTogether(client, 2, kLast));
  EXPECT_EQ(Next(client), "0");
  EXPECT_EQ(Next(client), "1");
  mayEnd.release();
  EXPECT_EQ(Next(client), "at the end");
}

TEST_F(CTurnTest, MoreThanItGathersKeepsItsOrder) {
  constexpr int kPushes = 40;
  const Bytes large(10'000);
  m_application.onFrame = [&](CTurn& turn, const SFrame& frame) {
    static_assert(kPushes * 10'000 > 2 * CTurn::kCapacity);
    for (uint16_t i = 0; i < kPushes; ++i) EXPECT_TRUE(CPacketWriter::Put(turn, static_cast<uint16_t>(100 + i), large));
    // Of any length, also over what it gathers.
    Bytes many;
    while (many.size() <= CTurn::kCapacity) Append(many, MakeFrame(99, large));
    EXPECT_TRUE(turn.Put(many));
    CStubApplication::Echo(turn, frame);
  };
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(client.SendFrame(kCode, "last"));
  for (uint16_t i = 0; i < kPushes; ++i) EXPECT_EQ(client.ReceiveFrame()->msgCode, 100 + i);
  std::optional<SReceivedFrame> frame = client.ReceiveFrame();
  for (; frame && frame->msgCode == 99; frame = client.ReceiveFrame()) EXPECT_EQ(frame->body.size(), large.size());
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->Text(), "last");
}

TEST_F(CTurnTest, AFullTurnSendsWhatItHasToMakeRoom) {
  m_application.onFrame = [](CTurn& turn, const SFrame& frame) {
    EXPECT_TRUE(turn.HasRoom(CTurn::kCapacity));
    CStubApplication::Echo(turn, frame);
    EXPECT_FALSE(turn.HasRoom(CTurn::kCapacity));
    EXPECT_NE(turn.Room(CTurn::kCapacity), nullptr);
    EXPECT_TRUE(turn.HasRoom(CTurn::kCapacity)) << "and nothing of it was taken";
  };
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(client.SendFrame(kCode, "first"));
  EXPECT_EQ(Next(client), "first");
}

TEST_F(CTurnTest, WhatWasAnsweredBeforeACloseLeavesAndNothingBehindIt) {
  std::atomic<int> taken{0};
  m_application.onFrame = [&](CTurn& turn, const SFrame& frame) {
    CStubApplication::Echo(turn, frame);
    if (frame.msgCode != kLast) return;
    turn.Close(EPhase::kFlushing, ECloseReason::kByHandler);
    taken += CPacketWriter::Put(turn, kCode, ToBytes("too late")) ? 1 : 0;
    taken += turn.Put(ToBytes("too late")) ? 1 : 0;
    taken += turn.PutFile({}) ? 1 : 0;
  };
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(SendTogether(client, 3, kLast));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Next(client), std::to_string(i));
  EXPECT_FALSE(client.ReceiveFrame().has_value());
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kByHandler) == 1; }));
  EXPECT_EQ(taken, 0);
}

TEST_F(CTurnTest, IsTheCurrentOneOfItsThreadAlone) {
  std::atomic<bool> isIt{false};
  m_application.onFrame = [&](CTurn& turn, const SFrame& frame) {
    isIt = CTurn::Current() == &turn && turn.Session() == turn.Connection().Session();
    CStubApplication::Echo(turn, frame);
  };
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(client.SendFrame(kCode, "x"));
  EXPECT_EQ(Next(client), "x");
  EXPECT_TRUE(isIt);
  EXPECT_EQ(CTurn::Current(), nullptr);
}

TEST_F(CTurnTest, GoesOnInThePoolOfItsNextRequest) {
  m_application.onFrame = [](CTurn& turn, const SFrame& frame) {
    EXPECT_FALSE(turn.MoveTo(turn.Pool())) << "it is there";
    EXPECT_FALSE(turn.HasToStop());
    CPacketWriter::Put(turn, frame.msgCode, ToBytes(ThreadName()));
    turn.Tally().Add(ECounter::kPacketsReplied);
    if (frame.msgCode == kCode) {
      EXPECT_TRUE(turn.MoveTo(turn.Pool() == 0 ? 1 : 0));
      EXPECT_TRUE(turn.HasToStop());
      EXPECT_NE(turn.NextPool(), turn.Pool());
    }
  };
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(SendTogether(client, 4, kLast));
  for (const char* p_pool : {"sb-work-", "sb-block-", "sb-work-", "sb-block-"}) {
    EXPECT_TRUE(Next(client).starts_with(p_pool)) << p_pool;
  }
}

TEST_F(CTurnTest, ADeferredRequestHoldsUpWhatCameBehindIt) {
  std::mutex mutex;
  std::optional<CDeferral> deferral;
  std::atomic<int> runs{0};
  m_application.onFrame = [&](CTurn& turn, const SFrame& frame) {
    ++runs;
    if (TextOf(frame) != "1") return CStubApplication::Echo(turn, frame);
    EXPECT_FALSE(turn.IsHeld());
    const std::lock_guard lock(mutex);
    deferral.emplace(turn.Defer());
    EXPECT_TRUE(turn.IsHeld());
    EXPECT_TRUE(turn.HasToStop());
  };
  CTestNetwork network(m_application);
  CTestClient client(network.Port());
  ASSERT_TRUE(SendTogether(client, 3));
  EXPECT_EQ(Next(client), "0") << "what was gathered before it is on its way";
  ASSERT_TRUE(Eventually([&] {
    const std::lock_guard lock(mutex);
    return deferral.has_value();
  }));
  EXPECT_EQ(runs, 2);
  {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(deferral->End(MakeFrame(kCode, "later"), ECounter::kPacketsReplied));
  }
  EXPECT_EQ(Next(client), "later");
  EXPECT_EQ(Next(client), "2");
}

}  // namespace
}  // namespace switchboard
