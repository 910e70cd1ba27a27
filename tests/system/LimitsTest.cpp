// The limits that protect a server from its peers.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/system/CSystemTest.h"
#include "tests/system/Freeze.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using Clock = std::chrono::steady_clock;

class CLimitsTest : public CSystemTest {};

TEST_F(CLimitsTest, AStartedPacketMustFinishInTime) {
  CServerProcess& server = StartWith({"limits.packet_timeout_s=0.3"});
  CTestClient other(server.Port());
  const Bytes frame = MakeFrame(kTestEcho, "never finished");
  for (const size_t bytes : {size_t{1}, size_t{8}, frame.size() - 1}) {
    CTestClient client(server.Port());
    ExpectServed(client);
    ASSERT_TRUE(client.SendRaw(std::span(frame).first(bytes)));
    EXPECT_TRUE(client.WaitForClose()) << bytes;
  }
  // Silence between packets isn't meant.
  ExpectServed(other);
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("closed_packet_timeout"), 3U);
}

TEST_F(CLimitsTest, DribblingDoesNotExtendTheTimeOfAPacket) {
  CServerProcess& server = StartWith({"limits.packet_timeout_s=0.3"});
  CTestClient client(server.Port());
  const Bytes frame = MakeFrame(kTestEcho, std::string(20000, 'x'));
  size_t sent = 0;
  while (sent < frame.size() && server.Count(ECloseReason::kPacketTimeout) == 0) {
    // The next byte goes when the last one has arrived.
    if (!client.SendRaw(std::span(frame).subspan(sent, 1))) break;
    ++sent;
    Eventually([&] { return server.Count(ECounter::kBytesReceived) >= sent; }, std::chrono::milliseconds{50});
  }
  EXPECT_LT(sent, frame.size());
  EXPECT_TRUE(client.WaitForClose());
}

// At the rate of 1,000 a second, so many may come in a tenth of one, though 20 at most at once.
constexpr int kInATenth = 100;
constexpr std::chrono::milliseconds kATenth{100};

const std::vector<std::string> kGuarded{"flood.enabled=true", "flood.packets_per_second=1000", "flood.burst=20"};

// The peer of a server that doesn't look sends no more than it may, for `time` since `begin`.
void SendWhatIsAllowed(CTestClient& client, Clock::time_point begin) {
  EXPECT_TRUE(Eventually([begin] { return Clock::now() - begin >= kATenth; }));
  Bytes bytes;
  for (int i = 0; i < kInATenth; ++i) Append(bytes, MakeFrame(kTestEcho, "x"));
  EXPECT_TRUE(client.SendRaw(bytes));
}

void ExpectAllAnswered(CTestClient& client) {
  for (int i = 0; i < kInATenth; ++i) ASSERT_EQ(Next(client).Text(), "x") << i;
}

TEST_F(CLimitsTest, WhatCameWhileTheServerWasFrozenIsNoFlood) {
  CServerProcess& server = StartWith(kGuarded);
  CTestClient client(server.Port());
  ExpectServed(client);
  const std::vector<pid_t> worker{server.WorkerPid()};
  ASSERT_TRUE(Freeze(worker));
  SendWhatIsAllowed(client, Clock::now());
  Thaw(worker);
  ExpectAllAnswered(client);
}

TEST_F(CLimitsTest, WhatCameWhileTheServerWasBusyIsNoFlood) {
  CServerProcess& server = StartWith(kGuarded);
  bool wasBusy = false;
  // On a machine that is busy itself, all may have come when the server had time again: then it was a flood.
  for (int attempt = 0; attempt < 20 && !wasBusy; ++attempt) {
    CTestClient client(server.Port());
    ExpectServed(client);
    CTestClient stalling(server.Port());
    // Behind its opening, nothing would run inline.
    ASSERT_TRUE(
        Eventually([&] { return std::string_view(PlaceIn(Ask(stalling, kTestWhereInline)).thread) == "sb-io"; }));
    const uint64_t entered = server.Count(ECounter::kPacketsEntered);
    const uint64_t replied = server.Count(ECounter::kPacketsReplied);
    ASSERT_TRUE(stalling.SendFrame(kTestBlockInline, Number(1000)));
    ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, entered + 1));
    SendWhatIsAllowed(client, Clock::now());
    wasBusy = server.Count(ECounter::kPacketsReplied) == replied;
    if (wasBusy) ExpectAllAnswered(client);
  }
  EXPECT_TRUE(wasBusy);
}

TEST_F(CLimitsTest, WhatCameWhileTheServerDidNotReadIsNoFlood) {
  std::vector<std::string> overrides = kGuarded;
  overrides.emplace_back("business.connection_packets=2");
  CServerProcess& server = StartWith(overrides);
  CTestClient client(server.Port());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(client.SendFrame(kTestAwaitGate));
  ASSERT_TRUE(server.WaitForCount(ECounter::kReadPauses, 1));
  SendWhatIsAllowed(client, Clock::now());
  CTestClient gate(server.Port());
  Ask(gate, kTestOpenGate);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Next(client).msgCode, kTestAwaitGate);
  ExpectAllAnswered(client);
}

TEST_F(CLimitsTest, AStallIsNoLicenceToFlood) {
  CServerProcess& server = StartWith({"flood.enabled=true", "flood.packets_per_second=1", "flood.burst=20"});
  CTestClient client(server.Port());
  ExpectServed(client);
  const std::vector<pid_t> worker{server.WorkerPid()};
  ASSERT_TRUE(Freeze(worker));
  Bytes bytes;
  for (int i = 0; i < 1000; ++i) Append(bytes, MakeFrame(kTestEcho, "x"));
  EXPECT_TRUE(client.SendRaw(bytes));
  Thaw(worker);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kFlood, 1));
}

TEST_F(CLimitsTest, AFloodCloses) {
  CServerProcess& server = StartWith({"flood.enabled=true", "flood.packets_per_second=1", "flood.burst=20"});
  CTestClient good(server.Port());
  for (int i = 0; i < 20; ++i) ExpectServed(good);
  CTestClient bad(server.Port());
  Bytes bytes;
  for (int i = 0; i < 21; ++i) Append(bytes, MakeFrame(kTestEcho, "x"));
  ASSERT_TRUE(bad.SendRaw(bytes));
  EXPECT_TRUE(bad.WaitForClose());
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("closed_flood"), 1U);
  EXPECT_EQ(server.Total("packets_accepted"), 41U);
}

TEST_F(CLimitsTest, TheHeartbeatClosesTheSilentAlone) {
  CServerProcess& server = StartWith({"heartbeat.interval_s=0.2", "heartbeat.max_misses=2"});
  CTestClient active(server.Port());
  for (uint64_t closed = 1; closed <= 3; ++closed) {
    CTestClient silent(server.Port());
    ASSERT_TRUE(Eventually([&] {
      ExpectServed(active);
      return HasFailure() || server.Count(ECloseReason::kHeartbeat) == closed;
    }));
    EXPECT_TRUE(silent.WaitForClose());
  }
  EXPECT_EQ(server.Count(ECloseReason::kHeartbeat), 3U);
  ExpectServed(active);
}

TEST_F(CLimitsTest, TheHeartbeatEndsADeferralThatIsNeverAnswered) {
  CServerProcess& server = StartWith({"heartbeat.interval_s=0.2", "heartbeat.max_misses=1"});
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendFrame(kTestDeferForever));
  client.ShutdownWrite();
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 1U);
}

TEST_F(CLimitsTest, AListenerMayHaveASilenceOfItsOwn) {
  SServerOptions options;
  options.overrides = {"listener.0.silence_s=0.3", "listener.1.address=127.0.0.1", "listener.1.port=0"};
  options.listeners = 2;
  CServerProcess& server = Start(options);
  CTestClient patient(server.Port(1));
  EXPECT_EQ(Ask(patient, kTestAbout).Text(), "worker 0, listener 1");
  for (uint64_t closed = 1; closed <= 3; ++closed) {
    CTestClient silent(server.Port(0));
    EXPECT_EQ(Ask(silent, kTestAbout).Text(), "worker 0, listener 0");
    EXPECT_TRUE(silent.WaitForClose());
    EXPECT_TRUE(server.WaitForCount(ECloseReason::kHeartbeat, closed));
  }
  ExpectServed(patient);
  EXPECT_EQ(server.Count(ECloseReason::kHeartbeat), 3U);
}

TEST_F(CLimitsTest, WhoIsClosedForWhatItDidIsNamedInTheLog) {
  CServerProcess& server = StartWith({"limits.packet_timeout_s=0.3", "limits.packet_bytes=1000", "flood.enabled=true",
                                      "flood.packets_per_second=1", "flood.burst=5", "limits.recv_pause_bytes=1000"});
  Bytes flood;
  for (int i = 0; i < 6; ++i) Append(flood, MakeFrame(kTestEcho));
  const std::vector<std::pair<std::string, Bytes>> sins{
      {"bad_length", ToBytes(std::string(8, '\0'))}, {"packet_timeout", Bytes(5, std::byte{1})}, {"flood", flood}};
  for (const auto& [reason, bytes] : sins) {
    CTestClient client(server.Port());
    ASSERT_TRUE(client.SendRaw(bytes));
    EXPECT_TRUE(server.WaitForLog(" of 127.0.0.1:" + std::to_string(client.LocalPort()) + " is closed: " + reason))
        << reason;
  }
}

// A reset throws away what the peer hasn't read: it must only hit who won't read it.
TEST_F(CLimitsTest, AResetIsForThoseAloneWhoLeaveSomethingUnread) {
  CServerProcess& server = StartWith({"heartbeat.interval_s=0.3", "heartbeat.max_misses=1"});
  CTestClient reading(server.Port());
  ExpectServed(reading);
  CTestClient unreading(server.Port(), 4096);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(unreading.SendFrame(kTestBig, Number(50000)));
  // More than it could be behind with: the close is asked for before anything of it is read.
  CTestClient slow(server.Port(), 4096);
  ASSERT_TRUE(slow.SendFrame(kTestPushes, Number(3000)));
  ASSERT_TRUE(slow.SendFrame(kTestCloseMe));
  for (uint32_t i = 0; i < 3000; ++i) ASSERT_EQ(Next(slow).msgCode, kTestPush) << i;
  EXPECT_EQ(Next(slow).msgCode, kTestPushes);
  EXPECT_EQ(Next(slow).Text(), "bye");
  EXPECT_FALSE(slow.WaitForReset());
  EXPECT_TRUE(slow.WaitForClose()) << "in order";
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kByHandler, 1));

  EXPECT_TRUE(server.WaitForCount(ECloseReason::kHeartbeat, 2));
  EXPECT_FALSE(reading.WaitForReset());
  EXPECT_TRUE(reading.WaitForClose()) << "in order";
  EXPECT_TRUE(unreading.WaitForReset());
}

TEST_F(CLimitsTest, ASessionEndsInTimeHoweverBusy) {
  CServerProcess& server = StartWith({"heartbeat.max_session_s=0.4"});
  CTestClient client(server.Port());
  const auto start = Clock::now();
  uint32_t answers = 0;
  EXPECT_TRUE(Eventually([&] {
    const bool isAnswered = client.SendFrame(kTestEcho, "busy") && client.ReceiveFrame().has_value();
    if (isAnswered) ++answers;
    return !isAnswered;
  }));
  EXPECT_GT(answers, 0U);
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(350));
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kMaxSession, 1));
}

TEST_F(CLimitsTest, TheNumberOfConnectionsIsLimited) {
  CServerProcess& server = StartWith({"pool.connections=4", "pool.max_connections=8"});
  std::deque<CTestClient> served;
  for (int i = 0; i < 8; ++i) ExpectServed(served.emplace_back(server.Port()));
  std::deque<CTestClient> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.emplace_back(server.Port());
    ASSERT_TRUE(waiting.back().SendFrame(kTestEcho, "waited"));
  }
  EXPECT_TRUE(server.WaitForCount(ECounter::kAcceptPauses, 1));
  EXPECT_EQ(server.Active(), 8U);
  for (CTestClient& client : served) ExpectServed(client);
  served.clear();
  // They come in any order that the kernel likes.
  for (CTestClient& client : waiting) EXPECT_EQ(Next(client).Text(), "waited");
  EXPECT_EQ(server.Count(ECounter::kConnectionsAccepted), 16U);
}

// A server without descriptors serves whom it has, doesn't spin, and takes the next when it can.
TEST_F(CLimitsTest, RunningOutOfDescriptorsIsSurvived) {
  SServerOptions options;
  options.descriptors = 64;
  CServerProcess& server = Start(options);
  {
    // The first time that UBSan checks a virtual call, it needs a descriptor itself.
    CTestClient first(server.Port());
    ExpectServed(first);
  }
  ASSERT_TRUE(server.WaitForActive(0));
  std::deque<CTestClient> clients;
  for (int i = 0; i < 80; ++i) clients.emplace_back(server.Port());
  ASSERT_TRUE(server.WaitForCount(ECounter::kAcceptPauses, 1));
  const uint64_t accepted = server.Count(ECounter::kConnectionsAccepted);
  EXPECT_GT(accepted, 20U);
  EXPECT_LT(accepted, 64U);
  ExpectServed(clients.front());

  const auto start = Clock::now();
  const auto before = StateOf(server.WorkerPid());
  // It looks again now and then; what it costs until it has done so twice is next to nothing.
  ASSERT_TRUE(server.WaitForCount(ECounter::kAcceptPauses, server.Count(ECounter::kAcceptPauses) + 2));
  const auto after = StateOf(server.WorkerPid());
  ASSERT_TRUE(before && after);
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  EXPECT_LE(static_cast<double>(after->cpuTicks - before->cpuTicks) / 100, 0.1 * elapsed.count() + 0.05);
  EXPECT_LT(server.Count(ECounter::kAcceptPauses), 10U);
  EXPECT_EQ(server.Count(ECounter::kConnectionsAccepted), accepted);

  // As the first ones leave, the others get their place.
  while (!clients.empty() && !HasFailure()) {
    ExpectServed(clients.front());
    clients.pop_front();
  }
  EXPECT_EQ(server.Count(ECounter::kConnectionsAccepted), 81U);
}

// Whatever a connection had goes back, with nothing left over.
TEST_F(CLimitsTest, ChurnLeavesNothingBehind) {
  constexpr uint32_t kWarmUp = 200;
  constexpr uint32_t kConnections = 20000 / kFewer;
  CServerProcess& server = StartWith({"recycle.delay_ms=5"});
  const auto churn = [&](uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      CTestClient client(server.Port());
      const std::string body = Number(i);
      ASSERT_EQ(Ask(client, i % 2 == 0 ? kTestEcho : kTestEchoInline, body).Text(), body);
      // Resets, so that the client's ports don't rest in TIME_WAIT; some orderly ends among them.
      if (i % 16 == 0) continue;
      client.Rst();
    }
    ASSERT_TRUE(server.WaitForActive(0));
  };
  churn(kWarmUp);
  const size_t descriptors = DescriptorsOf(server.WorkerPid());
  const auto before = StateOf(server.WorkerPid());
  churn(kConnections);
  EXPECT_EQ(DescriptorsOf(server.WorkerPid()), descriptors);
  const auto after = StateOf(server.WorkerPid());
  ASSERT_TRUE(before && after);
  if (!kIsSanitized) {
    EXPECT_LE(after->residentBytes, before->residentBytes + 4 * 1024 * 1024);
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("connections_accepted"), kWarmUp + kConnections);
  EXPECT_EQ(server.Total("packets_replied"), kWarmUp + kConnections);
}

}  // namespace
}  // namespace switchboard
