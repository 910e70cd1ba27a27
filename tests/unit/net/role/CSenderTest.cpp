#include "net/role/CSender.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/CStubApplication.h"
#include "tests/support/CStubProtocol.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

class CSenderTest : public testing::TestWithParam<EReplyPath> {
 protected:
  static SConfig Config() {
    SConfig config = TestConfig();
    config.reply.path = GetParam();
    return config;
  }
};

TEST_P(CSenderTest, ASlowReaderGetsEverythingInOrder) {
  CStubApplication socket;
  CTestNetwork network(socket, Config());
  CTestClient client(network.Port(), 4096);
  constexpr int kPackets = 300;
  CThread sender("sender", [&] {
    for (int i = 0; i < kPackets; ++i) {
      ASSERT_TRUE(client.SendFrame(7, std::to_string(i) + std::string(20000, 'x')));
    }
  });
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kSendThreadHandOvers) > 0; }));
  for (int i = 0; i < kPackets; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    ASSERT_EQ(frame->Text(), std::to_string(i) + std::string(20000, 'x'));
  }
}

TEST_P(CSenderTest, WhoNeverReadsIsClosedWhenItsQueueOverflows) {
  std::atomic<bool> isRefused{false};
  CStubApplication socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    const Bytes large(30000);
    for (int i = 0; i < 5000 && !isRefused; ++i) isRefused = !CPacketWriter::Put(turn, 9, large);
    CStubApplication::Swallow(turn, frame);
  };
  SConfig config = Config();
  config.limits.send_queue_bytes = 200'000;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port(), 4096);
  client.SendFrame(7);
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kSendQueueOverflow) == 1; }));
  EXPECT_TRUE(Eventually([&] { return isRefused.load(); })) << "the handler hears of it";
  EXPECT_TRUE(client.WaitForClose());
}

TEST_P(CSenderTest, ReadingRestsWhileAnswersWaitAndResumes) {
  CStubApplication socket;
  SConfig config = Config();
  config.limits.recv_pause_bytes = 100'000;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port(), 4096);
  constexpr int kPackets = 1000;
  CThread sender("sender", [&] {
    for (int i = 0; i < kPackets; ++i) ASSERT_TRUE(client.SendFrame(7, std::string(20000, 'x')));
  });
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kReadPauses) > 0; }));
  for (int i = 0; i < kPackets; ++i) ASSERT_TRUE(client.ReceiveFrame().has_value());
}

TEST_P(CSenderTest, WhatIsQueuedLeavesBeforeAnOrderlyClose) {
  CStubApplication socket;
  CTestNetwork network(socket, Config());
  CTestClient client(network.Port(), 4096);
  constexpr int kPackets = 100;
  for (int i = 0; i < kPackets; ++i) ASSERT_TRUE(client.SendFrame(7, std::string(10000, 'x')));
  client.ShutdownWrite();
  for (int i = 0; i < kPackets; ++i) ASSERT_TRUE(client.ReceiveFrame().has_value()) << i;
  EXPECT_TRUE(client.WaitForClose());
}

TEST_P(CSenderTest, WhatNobodyReadsIsDroppedWhenItsTimeIsUp) {
  CStubApplication socket;
  SConfig config = Config();
  config.server.shutdown_timeout = std::chrono::milliseconds(50);
  CTestNetwork network(socket, config);
  CTestClient client(network.Port(), 4096);
  CThread sender("sender", [&] {
    for (int i = 0; i < 100; ++i) client.SendFrame(7, std::string(20000, 'x'));
    client.ShutdownWrite();
  });
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kPeerClosed) == 1; }));
}

TEST_P(CSenderTest, APeerThatResetsInTheMiddleOfAWriteIsClosed) {
  CStubApplication socket;
  CTestNetwork network(socket, Config());
  CTestClient client(network.Port(), 4096);
  CThread sender("sender", [&] {
    for (int i = 0; i < 200; ++i) client.SendFrame(7, std::string(20000, 'x'));
  });
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kSendThreadHandOvers) > 0; }));
  ::shutdown(client.Fd(), SHUT_RDWR);
  sender.Join();
  client.Rst();
  EXPECT_TRUE(Eventually([&] { return network.Active() == 0; }));
}

INSTANTIATE_TEST_SUITE_P(ReplyPaths, CSenderTest, testing::Values(EReplyPath::kDirect, EReplyPath::kSendThread));

// An answer that comes late has no read behind it in which anybody would notice.
TEST(CSenderWatchTest, WhoDoesNotTakeAllAtOnceIsWatchedFromThenOn) {
  const CClock clock;
  SConfig config;
  config.limits.send_queue_bytes = 64 << 20;
  const auto p_page = std::make_unique<SWorkerPage>();
  CBufferPool buffers;  // outlives the blocks that connections hold
  CConnectionPool pool(0, 16, 100, *p_page);
  SInboxes inboxes(100);
  const CFlowControl flowControl(inboxes, UINT32_MAX);
  CSender sender(config, pool, buffers, inboxes, flowControl, *p_page);
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const CFd peer(ends[1]);
  CStubProtocol protocol;
  protocol.idleRule.countsOnlyRest = true;
  CConnection* const p_connection = pool.Acquire(CFd(ends[0]), {}, clock.Now(), protocol);
  ASSERT_NE(p_connection, nullptr);
  sender.Start();
  const Bytes large(8 << 20);
  const auto notes = [&] {
    std::vector<IoNote> taken;
    inboxes.io.Take(taken);
    return std::count_if(taken.begin(), taken.end(),
                         [](const IoNote& note) { return std::holds_alternative<io_note::SWatchSending>(note); });
  };
  for (int answer = 0; answer < 2; ++answer) {
    ASSERT_TRUE(sender.Write(*p_connection, p_connection->Generation(), large, CTally::Shared(p_page->shared)));
    EXPECT_TRUE(Eventually([&] { return notes() > 0; })) << answer;
    Bytes room(1 << 20);
    EXPECT_TRUE(Eventually([&] {
      while (::read(peer.Get(), room.data(), room.size()) > 0) {
      }
      return p_connection->outbox.Bytes() == 0;
    }));
    EXPECT_EQ(notes(), 0) << "told once for what waits";
  }
  sender.Stop();
}

}  // namespace
}  // namespace switchboard
