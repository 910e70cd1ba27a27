#include "net/role/CBusinessPool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"
#include "tests/support/Scale.h"

namespace switchboard {
namespace {

TEST(CRunListTest, IsFirstInFirstOut) {
  std::array<CConnection, 4> connections;
  CRunList list;
  EXPECT_TRUE(list.IsEmpty());
  list.PushBack(connections[0]);
  list.PushBack(connections[1]);
  CRunList more;
  more.PushBack(connections[2]);
  list.Splice(std::move(more));
  EXPECT_TRUE(more.IsEmpty());
  list.Splice(std::move(more));
  list.PushBack(connections[3]);
  for (CConnection& connection : connections) EXPECT_EQ(list.PopFront(), &connection);
  EXPECT_EQ(list.PopFront(), nullptr);
  list.PushBack(connections[1]);
  EXPECT_EQ(list.PopFront(), &connections[1]);
}

// What one connection's handlers have seen.
struct SOrderState : CUserState {
  SOrderState() : CUserState(nullptr) {}
  std::atomic<bool> isRunning{false};
  int next = 0;
};

void CheckOrder(CTurn& turn, const SFrame& frame) {
  std::unique_ptr<CUserState>& p_state = turn.Connection().turn.p_state;
  if (p_state == nullptr) p_state = std::make_unique<SOrderState>();
  auto& state = static_cast<SOrderState&>(*p_state);
  EXPECT_FALSE(state.isRunning.exchange(true)) << "two handlers of one connection at the same time";
  const std::string expected = std::to_string(state.next++);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(frame.body.data()), frame.body.size()), expected);
  EXPECT_TRUE(state.isRunning.exchange(false));
  CStubApplication::Echo(turn, frame);
}

void TalkInOrder(uint16_t port, int packets) {
  CTestClient client(port);
  Bytes stream;
  for (int i = 0; i < packets; ++i) Append(stream, MakeFrame(7, std::to_string(i)));
  CThread sender("sender", [&] { EXPECT_TRUE(client.SendRaw(stream)); });
  for (int i = 0; i < packets; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value()) << i;
    ASSERT_EQ(frame->Text(), std::to_string(i));
  }
}

class CBusinessPoolOrderTest : public testing::TestWithParam<EReplyPath> {};

TEST_P(CBusinessPoolOrderTest, KeepsTheOrderOfEachConnectionWithEightThreads) {
  CStubApplication socket;
  socket.onFrame = CheckOrder;
  SConfig config = TestConfig();
  config.business.threads = 8;
  config.business.batch = 16;
  config.reply.path = GetParam();
  CTestNetwork network(socket, config);
  std::vector<CThread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back("client", [&] { TalkInOrder(network.Port(), 5000 / static_cast<int>(kFewer)); });
  }
  clients.clear();
  network.Stop();
  EXPECT_EQ(network.Count(ECounter::kPacketsReplied), 8U * (5000 / kFewer));
}

INSTANTIATE_TEST_SUITE_P(ReplyPaths, CBusinessPoolOrderTest,
                         testing::Values(EReplyPath::kDirect, EReplyPath::kSendThread));

TEST(CBusinessPoolTest, AConnectionWithAMountainOfPacketsStarvesNobody) {
  constexpr uint64_t kMountain = 100'000;
  std::binary_semaphore gate(0);
  std::atomic<uint64_t> ran{0};
  std::atomic<uint64_t> ranBeforeTheOther{0};
  CStubApplication socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    if (frame.msgCode == 2) {
      ranBeforeTheOther = ran.load();
    } else if (ran++ == 0) {
      gate.acquire();
    }
    CStubApplication::Swallow(turn, frame);
  };
  SConfig config = TestConfig();
  config.business.threads = 1;
  config.business.batch = 64;
  config.business.queue_packets = config.business.connection_packets = 2 * kMountain;
  config.limits.recv_pause_bytes = 100 * 1024 * 1024;
  CTestNetwork network(socket, config);

  CTestClient greedy(network.Port());
  Bytes mountain;
  for (uint64_t i = 0; i < kMountain; ++i) Append(mountain, MakeFrame(1));
  ASSERT_TRUE(greedy.SendRaw(mountain));
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsAccepted) == kMountain; }));
  CTestClient modest(network.Port());
  modest.SendFrame(2);
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsAccepted) == kMountain + 1; }));
  gate.release();
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsOneWay) == kMountain + 1; }));
  // The turn that was running, and one more between the opening of the other and its packet.
  EXPECT_LE(ranBeforeTheOther, 2 * config.business.batch);
}

TEST(CBusinessPoolTest, AConnectionThatYieldsWaitsForTheOthersAfterEachPacket) {
  std::binary_semaphore gate(0);
  std::string order;  // by the pool's one thread
  CStubApplication socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    if (order.empty()) gate.acquire();
    order += static_cast<char>('0' + frame.msgCode);
    if (frame.msgCode == 1) turn.Yield();
    CStubApplication::Echo(turn, frame);
  };
  SConfig config = TestConfig();
  config.business.threads = 1;
  config.business.batch = 64;
  CTestNetwork network(socket, config);
  CTestClient heavy(network.Port());
  Bytes packets;
  for (int i = 0; i < 5; ++i) Append(packets, MakeFrame(1));
  ASSERT_TRUE(heavy.SendRaw(packets));
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsAccepted) == 5; }));
  CTestClient light(network.Port());
  Bytes lightPackets;
  for (int i = 0; i < 2; ++i) Append(lightPackets, MakeFrame(2));
  ASSERT_TRUE(light.SendRaw(lightPackets));
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsAccepted) == 7; }));
  gate.release();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(heavy.ReceiveFrame().has_value());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(light.ReceiveFrame().has_value());
  network.Stop();
  // The light one's opening may have taken a turn of its own.
  EXPECT_TRUE(order == "1221111" || order == "1122111") << order;
}

TEST(CBusinessPoolTest, BeyondTheBoundOfTheQueuePacketsAreRefusedInTheirTurn) {
  std::binary_semaphore gate(0);
  std::string handled;
  CStubApplication socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    if (handled.empty()) gate.acquire();
    handled += std::to_string(frame.msgCode);
    CStubApplication::Swallow(turn, frame);
  };
  SConfig config = TestConfig();
  config.business.queue_packets = 3;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port());
  for (uint16_t code = 1; code <= 5; ++code) {
    client.SendFrame(code, "body");
    ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsAccepted) == code; }));
  }
  gate.release();
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsLeft) == 3; }));
  EXPECT_EQ(network.Count(ERejectReason::kOverload), 2U);
  client.SendFrame(6, "body");
  EXPECT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsOneWay) == 4; })) << "there is room again";
  network.Stop();
  EXPECT_EQ(handled, "1236");
}

TEST(CBusinessPoolTest, AThreadThatIsBusyDoesNotHoldUpTheOthers) {
  std::binary_semaphore gate(0);
  CStubApplication socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    if (frame.msgCode == 1) gate.acquire();
    CStubApplication::Echo(turn, frame);
  };
  CTestNetwork network(socket);
  CTestClient blocked(network.Port());
  CTestClient other(network.Port());
  blocked.SendFrame(1);
  for (int i = 0; i < 100; ++i) {
    other.SendFrame(2);
    ASSERT_TRUE(other.ReceiveFrame().has_value());
  }
  gate.release();
  EXPECT_TRUE(blocked.ReceiveFrame().has_value());
}

}  // namespace
}  // namespace switchboard
