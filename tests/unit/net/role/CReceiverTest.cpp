#include "net/role/CReceiver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <semaphore>
#include <string>
#include <vector>

#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;

Bytes BadLength() {
  Bytes bytes(kHeaderBytes);
  bytes[1] = std::byte{7};
  return bytes;
}

TEST(CReceiverTest, AnswersAtAnyChunkSize) {
  CStubApplication socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  const Bytes frame = MakeFrame(7, "in small pieces");
  for (const std::byte byte : frame) ASSERT_TRUE(client.SendRaw({&byte, 1}));
  EXPECT_EQ(client.ReceiveFrame()->Text(), "in small pieces");
}

TEST(CReceiverTest, AHalfCloseIsAnsweredAndThenClosed) {
  CStubApplication socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  constexpr int kPackets = 500;
  Bytes stream;
  for (int i = 0; i < kPackets; ++i) Append(stream, MakeFrame(7, std::to_string(i)));
  ASSERT_TRUE(client.SendRaw(stream));
  client.ShutdownWrite();
  for (int i = 0; i < kPackets; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    ASSERT_EQ(frame->Text(), std::to_string(i));
  }
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kPeerClosed) == 1; }));
}

TEST(CReceiverTest, AResetIsCountedAsOne) {
  CStubApplication socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  client.SendFrame(7);
  ASSERT_TRUE(client.ReceiveFrame().has_value());
  client.Rst();
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kPeerReset) == 1; }));
}

TEST(CReceiverTest, ABadLengthClosesAfterWhatCameBefore) {
  CStubApplication socket;
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  Bytes stream = MakeFrame(7, "before");
  Append(stream, BadLength());
  Append(stream, MakeFrame(7, "after"));
  client.SendRaw(stream);
  EXPECT_EQ(client.ReceiveFrame()->Text(), "before");
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kBadLength) == 1; }));
  EXPECT_EQ(network.Count(ECounter::kPacketsAccepted), 1U);
}

TEST(CReceiverTest, AStartedPacketMustFinishInTime) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.limits.packet_timeout = milliseconds(50);
  CTestNetwork network(socket, config);
  CTestClient idle(network.Port());
  CTestClient slow(network.Port());
  const Bytes frame = MakeFrame(7, "never finished");
  slow.SendRaw(std::span(frame).first(1));
  EXPECT_TRUE(slow.WaitForClose());
  EXPECT_TRUE(Eventually([&] { return network.Count(ECloseReason::kPacketTimeout) == 1; }));
  idle.SendFrame(7);
  EXPECT_TRUE(idle.ReceiveFrame().has_value()) << "whoever has started no packet may take all the time";
}

TEST(CReceiverTest, AFloodIsCountedAndClosed) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.flood.enabled = true;
  config.flood.packets_per_second = 1;
  config.flood.burst = 5;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port());
  for (int i = 0; i < 5; ++i) {
    client.SendFrame(7);
    ASSERT_TRUE(client.ReceiveFrame().has_value());
  }
  Bytes flood;
  for (int i = 0; i < 3; ++i) Append(flood, MakeFrame(7));
  client.SendRaw(flood);
  EXPECT_TRUE(client.WaitForClose());
  ASSERT_TRUE(Eventually([&] { return network.Count(ECloseReason::kFlood) == 1; }));
  EXPECT_EQ(network.Count(ECounter::kPacketsDiscarded), 3U);
}

TEST(CReceiverTest, StopsReadingWhoHasTooMuchInTheServerAndResumes) {
  std::binary_semaphore gate(0);
  std::atomic<bool> isFirst{true};
  CStubApplication socket;
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    if (isFirst.exchange(false)) gate.acquire();
    CStubApplication::Swallow(turn, frame);
  };
  SConfig config = TestConfig();
  config.limits.recv_pause_bytes = 64 * 1024;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port());
  constexpr uint64_t kPackets = 2000;
  Bytes stream;
  for (uint64_t i = 0; i < kPackets; ++i) Append(stream, MakeFrame(7, std::string(10000, 'x')));
  CThread sender("sender", [&] { EXPECT_TRUE(client.SendRaw(stream)); });
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kReadPauses) == 1; }));
  // The limit, and the one read that went over it.
  EXPECT_LE(network.Count(ECounter::kBytesReceived), 64 * 1024 + 128 * 1024);
  gate.release();
  EXPECT_TRUE(Eventually([&] { return network.Count(ECounter::kPacketsOneWay) == kPackets; }));
}

TEST(CReceiverTest, AResetIsNoticedWhileReadingRests) {
  std::binary_semaphore gate(0);
  CStubApplication socket;
  socket.onFrame = [&, isFirst = true](CTurn& turn, const SFrame& frame) mutable {
    if (std::exchange(isFirst, false)) gate.acquire();
    CStubApplication::Swallow(turn, frame);
  };
  SConfig config = TestConfig();
  config.limits.recv_pause_bytes = config.limits.packet_bytes;
  CTestNetwork network(socket, config);
  CTestClient client(network.Port());
  for (int i = 0; i < 10; ++i) client.SendFrame(7, std::string(20000, 'x'));
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kReadPauses) == 1; }));
  client.Rst();
  EXPECT_TRUE(Eventually([&] { return network.Active() == 0; }));
  gate.release();
}

TEST(CReceiverTest, InlineHandlersKeepTheOrderWithTheOthers) {
  CStubApplication socket;
  socket.inlineCodes = {1};
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  Bytes stream;
  for (uint16_t i = 0; i < 2000; ++i) Append(stream, MakeFrame(i % 3 == 0 ? 2 : 1, std::to_string(i)));
  CThread sender("sender", [&] { EXPECT_TRUE(client.SendRaw(stream)); });
  for (uint16_t i = 0; i < 2000; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    ASSERT_EQ(frame->Text(), std::to_string(i));
  }
}

TEST(CReceiverTest, InlineRepliesOfOneReadLeaveInOneSend) {
  CStubApplication socket;
  socket.inlineCodes = {1};
  CTestNetwork network(socket);
  CTestClient client(network.Port());
  // The opening runs on the pool; from the first answer on the mailbox becomes idle.
  ASSERT_TRUE(Eventually([&] {
    client.SendFrame(1);
    client.ReceiveFrame();
    return network.Count(ECounter::kSends) > 0;
  }));
  const uint64_t before = network.Count(ECounter::kSends);
  Bytes stream;
  for (int i = 0; i < 100; ++i) Append(stream, MakeFrame(1));
  client.SendRaw(stream);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.ReceiveFrame().has_value());
  EXPECT_LE(network.Count(ECounter::kSends) - before, 2U);
}

}  // namespace
}  // namespace switchboard
