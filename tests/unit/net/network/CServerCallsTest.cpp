#include "net/network/CServerCalls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

// A stub that knows who is connected.
class CGuestBook : public CStubApplication {
 public:
  CGuestBook() {
    onOpening = [this](CTurn& turn) {
      const std::lock_guard lock(m_mutex);
      m_sessions.push_back(turn.Session());
    };
  }
  // The sessions so far, once there are `count`.
  std::vector<CSession> Wait(size_t count) {
    EXPECT_TRUE(Eventually([&] {
      const std::lock_guard lock(m_mutex);
      return m_sessions.size() >= count;
    }));
    const std::lock_guard lock(m_mutex);
    return m_sessions;
  }

 private:
  std::mutex m_mutex;
  std::vector<CSession> m_sessions;
};

TEST(CServerCallsTest, SendsToASessionFromAnyThread) {
  CGuestBook socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  const CSession session = socket.Wait(1)[0];
  EXPECT_TRUE(socket.Send(session, 9, ToBytes("pushed")));
  const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->msgCode, 9);
  EXPECT_EQ(frame->Text(), "pushed");
  EXPECT_EQ(network.Count(ECounter::kPacketsPushed), 1U);
}

TEST(CServerCallsTest, OneThreadsPushesArriveInOrderWhateverTheirSize) {
  for (const EReplyPath path : {EReplyPath::kDirect, EReplyPath::kSendThread}) {
    CGuestBook socket;
    SConfig config = TestConfig();
    config.reply.path = path;
    CTestNetwork network(socket, config);
    CTestClient client(network.Port());
    const CSession session = socket.Wait(1)[0];
    const auto text = [](int i) { return std::string(static_cast<size_t>(i * 37 % 3000), 'p') + std::to_string(i); };
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(socket.Send(session, 9, ToBytes(text(i))));
    for (int i = 0; i < 500; ++i) ASSERT_EQ(client.ReceiveFrame()->Text(), text(i));
  }
}

TEST(CServerCallsTest, ManyThreadsPushWholePackets) {
  CGuestBook socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  const CSession session = socket.Wait(1)[0];
  std::vector<CThread> pushers;
  for (uint16_t pusher = 0; pusher < 4; ++pusher) {
    pushers.emplace_back("pusher", [&, pusher] {
      for (int i = 0; i < 500; ++i) ASSERT_TRUE(socket.Send(session, pusher, ToBytes(std::to_string(i))));
    });
  }
  int next[4] = {};
  for (int i = 0; i < 2000; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    ASSERT_EQ(frame->Text(), std::to_string(next[frame->msgCode]++));
  }
}

TEST(CServerCallsTest, AStaleSessionIsGoneAndCounted) {
  CGuestBook socket;
  SConfig config = TestConfig();
  config.pool.connections = config.pool.max_connections = 1;
  CTestNetwork network(socket, config);
  {
    CTestClient first(network.Port());
    socket.Wait(1);
  }
  ASSERT_TRUE(Eventually([&] { return network.Active() == 0; }));
  CTestClient second(network.Port());
  const std::vector<CSession> sessions = socket.Wait(2);
  ASSERT_EQ(sessions[0].Slot(), sessions[1].Slot());
  EXPECT_FALSE(socket.Send(sessions[0], 9, ToBytes("never")));
  EXPECT_FALSE(socket.Close(sessions[0]));
  EXPECT_EQ(socket.PeerAddress(sessions[0]), std::nullopt);
  EXPECT_EQ(network.Count(ECounter::kStaleSessions), 2U);
  EXPECT_TRUE(socket.Send(sessions[1], 9, ToBytes("to the living")));
  EXPECT_EQ(second.ReceiveFrame()->Text(), "to the living");
}

TEST(CServerCallsTest, ABodyOverTheLargestIsRefused) {
  CGuestBook socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  const CSession session = socket.Wait(1)[0];
  EXPECT_FALSE(socket.Send(session, 9, Bytes(kMaxBodyBytes + 1)));
  EXPECT_TRUE(socket.Send(session, 9, Bytes(kMaxBodyBytes)));
  EXPECT_EQ(client.ReceiveFrame()->body.size(), kMaxBodyBytes);
}

TEST(CServerCallsTest, ToOneselfFromAHandlerComesInItsPlace) {
  CGuestBook socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    socket.Send(turn.Session(), 1, ToBytes("before"));
    CStubApplication::Echo(turn, frame);
    socket.Send(turn.Session(), 2, ToBytes("after"));
  };
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  for (int i = 0; i < 50; ++i) client.SendFrame(7, "request");
  for (int i = 0; i < 50; ++i) {
    for (const uint16_t code : {uint16_t{1}, uint16_t{7}, uint16_t{2}}) {
      const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
      ASSERT_TRUE(frame.has_value());
      ASSERT_EQ(frame->msgCode, code);
    }
  }
}

TEST(CServerCallsTest, ToOthersFromAHandler) {
  CGuestBook socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    for (const CSession& session : socket.Wait(3)) {
      if (session == turn.Session()) continue;
      EXPECT_TRUE(socket.Send(session, 9, frame.body));
    }
    CStubApplication::Swallow(turn, frame);
  };
  CTestNetwork network(socket);
  CTestClient clients[3] = {CTestClient(network.Port()), CTestClient(network.Port()), CTestClient(network.Port())};
  socket.Wait(3);
  clients[0].SendFrame(7, "to all");
  EXPECT_EQ(clients[1].ReceiveFrame()->Text(), "to all");
  EXPECT_EQ(clients[2].ReceiveFrame()->Text(), "to all");
}

TEST(CServerCallsTest, CloseAnswersFirst) {
  CGuestBook socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    CStubApplication::Echo(turn, frame);
    EXPECT_TRUE(frame.msgCode != 1 || socket.Close(turn.Session()));
  };
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  Bytes stream = MakeFrame(1, "last");
  Append(stream, MakeFrame(2, "read already"));
  client.SendRaw(stream);
  EXPECT_EQ(client.ReceiveFrame()->Text(), "last");
  EXPECT_EQ(client.ReceiveFrame()->Text(), "read already");
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kByHandler) == 1; }));
}

TEST(CServerCallsTest, KnowsPeersAndHowManyThereAre) {
  CGuestBook socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  const CSession session = socket.Wait(1)[0];
  EXPECT_EQ(socket.PeerAddress(session)->ToString(), "127.0.0.1:" + std::to_string(client.LocalPort()));
  EXPECT_EQ(socket.ConnectionCount(), 1U);
}

TEST(CServerCallsTest, ATimerRunsOnABusinessThreadAndNotBeforeItsTime) {
  CStubApplication socket;
  CTestNetwork network(socket);
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<bool> hasRun{false};
  socket.AddTimer(milliseconds(20), [&] {
    EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(20));
    hasRun = true;
  });
  EXPECT_TRUE(Eventually([&] { return hasRun.load(); }));
}

TEST(CServerCallsTest, AnEarlierTimerWakesTheHeart) {
  CStubApplication socket;
  CTestNetwork network(socket);
  std::atomic<bool> hasRun{false};
  socket.AddTimer(std::chrono::hours(1), [] {});
  socket.AddTimer(milliseconds(1), [&] { hasRun = true; });
  EXPECT_TRUE(Eventually([&] { return hasRun.load(); }));
}

TEST(CServerCallsTest, APeriodicTimerRunsUntilItIsCancelled) {
  CStubApplication socket;
  CTestNetwork network(socket);
  std::atomic<int> runs{0};
  const TimerId id = socket.AddTimer(milliseconds(1), milliseconds(1), [&] { ++runs; });
  EXPECT_TRUE(Eventually([&] { return runs >= 5; }));
  EXPECT_TRUE(socket.CancelTimer(id));
  EXPECT_FALSE(socket.CancelTimer(id));
  network.Stop();
}

TEST(CServerCallsTest, APostedFunctionRunsAndWhatItThrowsHarmsNobody) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.business.threads = 1;
  CTestNetwork network(socket, config);
  std::atomic<bool> hasRun{false};
  socket.Post([] { throw std::runtime_error("on purpose"); });
  socket.Post([] { throw 42; });
  socket.Post({});
  socket.Post([&] { hasRun = true; });
  EXPECT_TRUE(Eventually([&] { return hasRun.load(); }));
  CTestClient client(network.Port());
  client.SendFrame(7);
  EXPECT_TRUE(client.ReceiveFrame().has_value());
}

TEST(CServerCallsTest, ACounterIsFoundByItsName) {
  CStubApplication socket;
  CTestNetwork network(socket);
  EXPECT_EQ(network.Count("samples"), std::nullopt);
  const CCounter counter = socket.Counter("samples");
  EXPECT_EQ(network.Count("samples"), 0U);
  counter.Add(2);
  socket.Counter("samples").Add();
  EXPECT_EQ(network.Count("samples"), 3U);
}

TEST(CServerCallsTest, ThreadsThatNameACounterAtTheSameTimeShareIt) {
  CStubApplication socket;
  CTestNetwork network(socket);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&socket] {
      for (int n = 0; n < 50; ++n) socket.Counter("c" + std::to_string(n)).Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int n = 0; n < 50; ++n) EXPECT_EQ(network.Count("c" + std::to_string(n)), 4U);
}

TEST(CServerCallsTest, WhatCantBeACounterIsRefused) {
  CStubApplication socket;
  CTestNetwork network(socket);
  EXPECT_THROW(socket.Counter(""), std::logic_error);
  EXPECT_THROW(socket.Counter("Samples"), std::logic_error);
  EXPECT_THROW(socket.Counter("sends"), std::logic_error);
  EXPECT_THROW(socket.Counter("packets_lost"), std::logic_error);
  for (size_t i = 0; i < CNamedCounters::kMost; ++i) socket.Counter("c" + std::to_string(i));
  EXPECT_THROW(socket.Counter("more"), std::logic_error);
  EXPECT_NO_THROW(socket.Counter("c0").Add());
}

TEST(CServerCallsTest, ASectionIsFoundByItsType) {
  struct SOwnConfig {
    uint32_t number = 5;
  };
  CConfigSchema schema;
  CConfig::Describe(schema);
  schema.Section<SOwnConfig>("own", "of a test").Number("number", &SOwnConfig::number, {1, 9}, "some number");
  SConfig config = TestConfig();
  config.sections = CConfig::Load("", {"own.number=6"}, schema).sections;
  CStubApplication socket;
  CTestNetwork network(socket, config);
  EXPECT_EQ(socket.Config<SOwnConfig>().number, 6U);
  EXPECT_THAT([&] { socket.Config<std::vector<int>>(); },
              ThrowsMessage<std::logic_error>(AllOf(HasSubstr("the type std::vector<int"), HasSubstr("Describe"))));
}

TEST(CServerCallsTest, BeforeTheStartItSaysSo) {
  CStubApplication socket;
  EXPECT_THROW(socket.Counter("samples"), std::logic_error);
  EXPECT_THROW(socket.Send({}, 1, Bytes{}), std::logic_error);
  EXPECT_THROW(socket.Post([] {}), std::logic_error);
}

TEST(CServerCallsTest, NoMoreJobsWaitThanMay) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.business.threads = 1;
  config.business.queue_jobs = 3;
  CTestNetwork network(socket, config);
  std::atomic<bool> isRunning{false};
  std::atomic<bool> mayEnd{false};
  std::atomic<int> ran{0};
  ASSERT_TRUE(socket.Post([&] {
    isRunning = true;
    Eventually([&] { return mayEnd.load(); });
  }));
  ASSERT_TRUE(Eventually([&] { return isRunning.load(); }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(socket.Post([&] { ++ran; }));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(socket.Post([&] { ran = 1000; }));
  EXPECT_EQ(network.Count(ECounter::kJobsRefused), 5U);
  mayEnd = true;
  EXPECT_TRUE(Eventually([&] { return ran == 3; }));
  EXPECT_TRUE(socket.Post([&] { ++ran; })) << "there is room again";
  EXPECT_TRUE(Eventually([&] { return ran == 4; }));
}

}  // namespace
}  // namespace switchboard
