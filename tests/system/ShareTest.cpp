// No client takes from the others what it didn't bring: places in the queue, memory.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "net/wire/Wire.h"
#include "tests/system/CHttpSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

constexpr size_t kMebi = size_t{1024} * 1024;

class CShareTest : public CHttpSystemTest {
 protected:
  static Bytes Many(uint16_t msgCode, size_t count) {
    const Bytes one = MakeFrame(msgCode);
    Bytes all;
    for (size_t i = 0; i < count; ++i) Append(all, one);
    return all;
  }
  static uint64_t Resident(const CServerProcess& server) {
    const auto state = StateOf(server.WorkerPid());
    EXPECT_TRUE(state.has_value());
    return state ? state->residentBytes : 0;
  }
  // In --status, of what the connections hold.
  uint64_t HeldBytes() {
    const std::string status = Order({"--status"}).output;
    const size_t at = status.find("bytes_held=");
    return at == std::string::npos ? 0 : std::stoull(status.substr(at + 11));
  }
};

TEST_F(CShareTest, ConnectionsThatQueueAllTheyCanLeaveRoomForTheOthers) {
  CServerProcess& server = StartWith({"business.threads=1", "business.blocking_threads=0",
                                      "business.queue_packets=5000", "business.connection_packets=1000"});
  CTestClient gate(server.Port());
  ExpectServed(gate);
  std::deque<CTestClient> greedy;
  for (int i = 0; i < 11; ++i) {
    CTestClient& client = greedy.emplace_back(server.Port());
    if (i == 0) {
      ASSERT_TRUE(client.SendFrame(kTestAwaitGate));
    }
    // What the server doesn't read fills the socket.
    client.SendRaw(Many(kTestOneWay, 131000), std::chrono::milliseconds(200));
  }
  ASSERT_TRUE(server.WaitForCount(ERejectReason::kOverload, 1));
  CTestClient victim(server.Port());
  ASSERT_TRUE(victim.SendFrame(kTestEcho, "modest"));
  ASSERT_TRUE(server.WaitForCount(ECounter::kConnectionsAccepted, 13));
  EXPECT_LE(server.Count(ECounter::kPacketsEntered) - server.Count(ECounter::kPacketsLeft), 5000U + 5000U);
  EXPECT_EQ(Ask(gate, kTestOpenGate).msgCode, kTestOpenGate);
  EXPECT_EQ(Next(victim).Text(), "modest");
  for (CTestClient& client : greedy) client.Rst();
}

TEST_F(CShareTest, OneConnectionBehindADeferredAnswerQueuesItsShareOnly) {
  CServerProcess& server = StartWith({"business.queue_packets=5000", "business.connection_packets=1000"});
  CTestClient greedy(server.Port());
  ASSERT_TRUE(greedy.SendFrame(kTestDeferForever));
  greedy.SendRaw(Many(kTestOneWay, 131000), std::chrono::milliseconds(200));
  ASSERT_TRUE(server.WaitForCount(ECounter::kReadPauses, 1));
  EXPECT_LE(server.Count(ECounter::kPacketsEntered), 1001U) << "one read brings more, which waits unread";
  EXPECT_EQ(server.Count(ERejectReason::kOverload), 0U);
  CTestClient victim(server.Port());
  for (int i = 0; i < 100; ++i) ExpectServed(victim);
  greedy.Rst();
}

TEST_F(CShareTest, WhatIsBeyondTheShareComesInItsTurn) {
  CServerProcess& server = StartWith({"business.connection_packets=7"});
  CTestClient client(server.Port());
  Bytes bytes;
  for (uint32_t i = 0; i < 5000; ++i) Append(bytes, MakeFrame(i % 3 == 0 ? kTestEchoInline : kTestEcho, Number(i)));
  ASSERT_TRUE(client.SendRaw(bytes));
  for (uint32_t i = 0; i < 5000; ++i) ASSERT_EQ(NumberIn(Next(client)), i);
  EXPECT_EQ(server.Count(ERejectReason::kOverload), 0U);
}

TEST_F(CShareTest, WhatComesBeforeABadLengthIsAnsweredThoughItHadToWait) {
  CServerProcess& server = StartWith({"business.connection_packets=7"});
  CTestClient client(server.Port());
  Bytes bytes;
  for (uint32_t i = 0; i < 500; ++i) Append(bytes, MakeFrame(kTestEcho, Number(i)));
  Append(bytes, Bytes(8, std::byte{0}));
  ASSERT_TRUE(client.SendRaw(bytes));
  for (uint32_t i = 0; i < 500; ++i) ASSERT_EQ(NumberIn(Next(client)), i);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForCount(CounterOf(ECloseReason::kBadLength), 1));
}

// Empty answers, one by one, to a client that doesn't read.
TEST_F(CShareTest, SmallAnswersToOneWhoDoesNotReadTakeTheirSizeOnly) {
  CServerProcess& server = StartWith({"limits.send_queue_bytes=4194304", "server.workers=1"});
  {
    CTestClient first(server.Port());
    ExpectServed(first);
  }
  const uint64_t before = Resident(server);
  std::deque<CTestClient> clients;
  for (int i = 0; i < 4; ++i) {
    CTestClient& client = clients.emplace_back(server.Port(), 4096);
    client.SendRaw(Many(kTestEchoInline, 600000), std::chrono::milliseconds(500));
  }
  ASSERT_TRUE(server.WaitForCount(ECounter::kReadPauses, 1));
  if (!kIsSanitized) {
    EXPECT_LE(Resident(server), before + 4 * 3 * kMebi);
  }
  EXPECT_LE(HeldBytes(), 4 * 3 * kMebi);
  for (CTestClient& client : clients) client.Rst();
}

TEST_F(CShareTest, CodesThatNobodyKnowsAreOneLineOfTheLogASecond) {
  CServerProcess& server = Start();
  const auto start = std::chrono::steady_clock::now();
  CTestClient client(server.Port());
  constexpr uint16_t kCodes = 1000;
  for (uint16_t i = 0; i < kCodes; ++i) ASSERT_TRUE(client.SendFrame(static_cast<uint16_t>(50000 + i)));
  for (uint16_t i = 0; i < kCodes; ++i) ASSERT_EQ(Next(client).msgCode, kRejectCode);
  client.Close();
  EXPECT_EQ(server.Stop(), 0);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  // A line, and how many more there were.
  EXPECT_LE(server.CountInLog("rejected: unknown_code"), 2 * static_cast<size_t>(seconds.count()));
  EXPECT_GE(server.CountInLog("rejected: unknown_code"), 2U);
}

TEST_F(CShareTest, PipelinedHttpToOneWhoDoesNotReadIsSmall) {
  CServerProcess& server = Serve();
  const uint64_t before = Resident(server);
  std::string requests;
  for (int i = 0; i < 25000; ++i) requests += CHttpTestClient::Request("GET", "/small.txt");
  std::deque<CTestClient> clients;
  for (int i = 0; i < 8; ++i) {
    CTestClient& client = clients.emplace_back(server.Port(), 4096);
    client.SendRaw(std::as_bytes(std::span(requests)), std::chrono::milliseconds(300));
  }
  ASSERT_TRUE(server.WaitForCount(ECounter::kReadPauses, 8));
  if (!kIsSanitized) {
    EXPECT_LE(Resident(server), before + 8 * kMebi / 2);
  }
  EXPECT_LE(HeldBytes(), 8 * kMebi / 2);
  for (CTestClient& client : clients) client.Rst();
}

TEST_F(CShareTest, AtTheCeilingForAllTheGreediestIsClosed) {
  CServerProcess& server =
      StartWith({"limits.total_bytes=6000000", "limits.recv_pause_bytes=4194304", "limits.send_queue_bytes=67108864"});
  CTestClient modest(server.Port());
  ExpectServed(modest);
  std::deque<CTestClient> greedy;
  for (int i = 0; i < 6 && server.Count(ECloseReason::kMemory) == 0; ++i) {
    CTestClient& client = greedy.emplace_back(server.Port(), 4096);
    // 2 MiB of answers that nobody reads, over what the sockets take.
    for (int k = 0; k < 100; ++k) {
      if (!client.SendFrame(kTestBig, Number(60000))) break;
    }
  }
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kMemory, 1));
  EXPECT_TRUE(server.WaitForLog("more than limits.total_bytes = 6000000"));
  ExpectServed(modest);
  for (CTestClient& client : greedy) client.Rst();
}

}  // namespace
}  // namespace switchboard
