#include "net/network/CNetwork.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "misc/thread/CThread.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;

TEST(CNetworkTest, StopsWithNobodyThere) {
  for (const EStopMode mode : {EStopMode::kFast, EStopMode::kGraceful}) {
    CStubApplication socket;
    CTestNetwork network(socket);
    network.Stop(mode);
  }
}

TEST(CNetworkTest, AGracefulStopAnswersWhatWasAccepted) {
  std::counting_semaphore<> gate(0);
  CStubApplication socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    gate.acquire();
    CStubApplication::Echo(turn, frame);
  };
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  for (int i = 0; i < 10; ++i) client.SendFrame(7, std::to_string(i));
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsAccepted) == 10; }));
  CThread releaser("releaser", [&] { gate.release(10); });
  network.Stop(EStopMode::kGraceful);
  for (int i = 0; i < 10; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->Text(), std::to_string(i));
  }
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(network.Count(ECloseReason::kWorkerStop), 1U);
}

TEST(CNetworkTest, AFastStopDiscardsWhatWasNotAnswered) {
  std::binary_semaphore gate(0);
  CStubApplication socket;
  socket.onFrame = [&, isFirst = true](CTurn& turn, const SFrame& frame) mutable {
    if (std::exchange(isFirst, false)) gate.acquire();
    CStubApplication::Echo(turn, frame);
  };
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  for (int i = 0; i < 10; ++i) client.SendFrame(7);
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsAccepted) == 10; }));
  CThread releaser("releaser", [&] {
    // The close is what a fast stop doesn't let the handler hold up.
    EXPECT_TRUE(client.WaitForClose());
    gate.release();
  });
  network.Stop(EStopMode::kFast);
  EXPECT_EQ(network.Count(ECounter::kPacketsReplied), 0U);
  EXPECT_EQ(network.Count(ECounter::kPacketsDiscarded), 10U);
}

TEST(CNetworkTest, AGracefulStopDoesNotWaitForEverForASlowReader) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.server.shutdown_timeout = milliseconds(100);
  CTestNetwork network(socket, config);
  CTestClient client(network.Port(), 4096);
  CThread sender("sender", [&] {
    while (client.SendFrame(7, std::string(20000, 'x'))) {
    }
  });
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kSendThreadHandOvers) > 0; }));
  const auto begin = std::chrono::steady_clock::now();
  network.Stop(EStopMode::kGraceful);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(CNetworkTest, AFastStopDropsAPeerThatWasDraining) {
  CStubApplication socket;
  SConfig config = TestConfig();  // with a flush time far beyond the patience of a fast stop
  config.limits.recv_pause_bytes = config.limits.send_queue_bytes = 100'000'000;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port(), 4096);
  constexpr int kPackets = 600;  // more than the socket takes
  for (int i = 0; i < kPackets; ++i) ASSERT_TRUE(client.SendFrame(7, std::string(20000, 'x')));
  client.ShutdownWrite();
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsReplied) == kPackets; }));
  EXPECT_EQ(network.Active(), 1U);
  network.Stop(EStopMode::kFast);
  EXPECT_EQ(network.Count(ECloseReason::kPeerClosed), 1U) << "the first reason stays";
}

TEST(CNetworkTest, AGracefulStopAsksTheClientsToLeaveAndServesThemMeanwhile) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.protocol.goaway = true;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port());
  client.SendFrame(7);
  ASSERT_TRUE(client.ReceiveFrame().has_value());
  CThread leaver("leaver", [&] {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->msgCode, kGoAwayCode);
    EXPECT_EQ(frame->body.size(), sizeof(SGoAwayBody));
    client.SendFrame(7, "one more");
    EXPECT_EQ(client.ReceiveFrame()->Text(), "one more");
    client.Close();
  });
  const auto begin = std::chrono::steady_clock::now();
  network.Stop(EStopMode::kGraceful);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, config.server.shutdown_timeout / 2) << "the last one has left";
  EXPECT_EQ(network.Count(ECloseReason::kPeerClosed), 1U);
}

TEST(CNetworkTest, EveryConnectionHasOneOpeningAndOneEndInOrder) {
  std::atomic<int> openings{0};
  std::atomic<int> ends{0};
  CStubApplication socket;
  socket.onOpening = [&](CTurn& turn) {
    EXPECT_EQ(turn.Connection().turn.p_state, nullptr);
    turn.Connection().turn.p_state = std::make_unique<CUserState>(&openings);
    ++openings;
  };
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    EXPECT_NE(turn.Connection().turn.p_state, nullptr);
    CStubApplication::Echo(turn, frame);
  };
  socket.onEnd = [&](CTurn& turn) {
    EXPECT_NE(turn.Connection().turn.p_state, nullptr);
    ++ends;
  };
  CTestNetwork network(socket);
  constexpr int kConnections = 200;
  std::vector<std::unique_ptr<CTestClient>> clients;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<CTestClient>(network.Port()));
    if (i % 3 == 0) clients.back()->SendFrame(7);
    if (i % 4 == 0) clients.back()->Rst();
    if (i % 4 == 1) clients.back()->Close();
  }
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kConnectionsAccepted) == kConnections; }));
  network.Stop(EStopMode::kFast);
  EXPECT_EQ(openings, kConnections);
  EXPECT_EQ(ends, kConnections);
}

TEST(CNetworkTest, ASilentPeerIsClosed) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.heartbeat.enabled = true;
  config.heartbeat.interval = milliseconds(20);
  config.heartbeat.max_misses = 2;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port());
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kHeartbeat) == 1; }));
}

TEST(CNetworkTest, AListenerMayHaveASilenceOfItsOwn) {
  for (const bool hasHeartbeat : {false, true}) {
    CStubApplication socket;
    SConfig config = TestConfig();
    config.heartbeat.enabled = hasHeartbeat;
    config.listeners[0].silence = milliseconds(40);
    CTestNetwork network(socket, config);
    CTestClient client(network.Port());
    EXPECT_TRUE(client.WaitForClose());
    EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kHeartbeat) == 1; }));
  }
}

}  // namespace
}  // namespace switchboard
