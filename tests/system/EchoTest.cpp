// What a server is for: every request is answered, once, in order, whatever the way of the request and of the answer.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <ostream>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"
#include "tests/system/CSystemTest.h"

namespace switchboard {
namespace {

struct SWay {
  const char* p_replyPath;
  uint16_t echo;
  uint16_t where;

  friend void PrintTo(const SWay& way, std::ostream* p_out) { *p_out << way.p_replyPath << ", " << way.echo; }
};

class CEchoTest : public CSystemTest, public testing::WithParamInterface<SWay> {
 protected:
  CServerProcess& StartHere(std::vector<std::string> overrides = {}) {
    overrides.push_back(std::string("reply.path=") + GetParam().p_replyPath);
    return StartWith(std::move(overrides));
  }
  static uint16_t Echo() { return GetParam().echo; }
  static bool IsInline() { return GetParam().echo == kTestEchoInline; }
};

INSTANTIATE_TEST_SUITE_P(
    Ways, CEchoTest,
    testing::Values(SWay{"direct", kTestEcho, kTestWhere}, SWay{"direct", kTestEchoInline, kTestWhereInline},
                    SWay{"send_thread", kTestEcho, kTestWhere}, SWay{"send_thread", kTestEchoInline, kTestWhereInline}),
    [](const auto& way) {
      const std::string path = way.param.p_replyPath == std::string("direct") ? "Direct" : "SendThread";
      return path + (way.param.echo == kTestEchoInline ? "Inline" : "Pool");
    });

// Something that belongs to one request alone, of a length of its own.
std::string BodyOf(uint32_t connection, uint32_t sequence) {
  std::string body = Number(connection) + Number(sequence);
  body.resize(8 + (connection * 31 + sequence * 7) % 57, static_cast<char>(sequence));
  return body;
}

Bytes Pipeline(uint16_t msgCode, uint32_t connection, uint32_t count) {
  Bytes bytes;
  for (uint32_t i = 0; i < count; ++i) Append(bytes, MakeFrame(msgCode, BodyOf(connection, i)));
  return bytes;
}

// The first answer that isn't the one that is due; `count` when all of them are right.
uint32_t FirstWrong(CTestClient& client, uint16_t msgCode, uint32_t connection, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    if (!frame || frame->msgCode != msgCode || frame->Text() != BodyOf(connection, i)) return i;
  }
  return count;
}

TEST_P(CEchoTest, AnswersOneByOne) {
  CServerProcess& server = StartHere();
  CTestClient client(server.Port());
  for (uint32_t i = 0; i < 500; ++i) {
    const SReceivedFrame answer = Ask(client, Echo(), BodyOf(1, i));
    ASSERT_EQ(answer.msgCode, Echo());
    ASSERT_EQ(answer.Text(), BodyOf(1, i));
  }
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 500));
}

TEST_P(CEchoTest, AnswersBodiesOfEverySize) {
  CServerProcess& server = StartHere({"limits.packet_bytes=65535"});
  CTestClient client(server.Port());
  for (const uint32_t bytes : {0U, 1U, 8U, 1000U, 4096U, 29992U, 65526U, 65527U}) {
    const std::string body(bytes, static_cast<char>('a' + bytes % 26));
    EXPECT_EQ(Ask(client, Echo(), body).Text(), body);
  }
}

TEST_P(CEchoTest, AnswersTenThousandPacketsOfOneWrite) {
  constexpr uint32_t kPackets = 10000;
  CServerProcess& server = StartHere();
  CTestClient client(server.Port());
  const Bytes pipeline = Pipeline(Echo(), 7, kPackets);
  ASSERT_EQ(send(client.Fd(), pipeline.data(), pipeline.size(), MSG_NOSIGNAL), static_cast<ssize_t>(pipeline.size()));
  EXPECT_EQ(FirstWrong(client, Echo(), 7, kPackets), kPackets);
  client.Close();
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_replied"), kPackets);
  EXPECT_EQ(server.Total("closed_peer_closed"), 1U);
}

TEST_P(CEchoTest, KeepsTheOrderOfEachConnectionUnderEightThreads) {
  constexpr uint32_t kConnections = 32;
  constexpr uint32_t kPackets = 400;
  CServerProcess& server = StartHere({"business.threads=8", "business.batch=7"});
  std::vector<CTestClient> clients;
  for (uint32_t i = 0; i < kConnections; ++i) clients.emplace_back(server.Port());
  // In slices, so that all of them are busy at the same time.
  for (uint32_t slice = 0; slice < 4; ++slice) {
    for (uint32_t i = 0; i < kConnections; ++i) {
      Bytes part;
      for (uint32_t n = slice * 100; n < slice * 100 + 100; ++n) Append(part, MakeFrame(Echo(), BodyOf(i, n)));
      ASSERT_TRUE(clients[i].SendRaw(part));
    }
  }
  for (uint32_t i = 0; i < kConnections; ++i) EXPECT_EQ(FirstWrong(clients[i], Echo(), i, kPackets), kPackets) << i;
}

TEST_P(CEchoTest, KeepsTheOrderOfMixedHandlers) {
  CServerProcess& server = StartHere({"business.batch=3"});
  CTestClient client(server.Port());
  Bytes bytes;
  constexpr uint32_t kRounds = 100;
  for (uint32_t i = 0; i < kRounds; ++i) {
    Append(bytes, MakeFrame(Echo(), BodyOf(3, i)));
    Append(bytes, MakeFrame(kTestEchoInline, "inline"));
    Append(bytes, MakeFrame(kTestOneWay, "no answer"));
    Append(bytes, MakeFrame(kTestUnknown, "nobody"));
    Append(bytes, MakeFrame(kTestEcho, "pool"));
    Append(bytes, MakeFrame(kTestDefer, Number(0)));
    Append(bytes, MakeFrame(kTestThrow));
    Append(bytes, MakeFrame(kTestDeferInline, Number(0)));
    Append(bytes, MakeFrame(kTestCount));
  }
  ASSERT_TRUE(client.SendRaw(bytes));
  for (uint32_t i = 0; i < kRounds; ++i) {
    ASSERT_EQ(Next(client).Text(), BodyOf(3, i));
    ASSERT_EQ(Next(client).Text(), "inline");
    ExpectReject(Next(client), kTestUnknown, ERejectReason::kUnknownCode);
    ASSERT_EQ(Next(client).Text(), "pool");
    ASSERT_EQ(Next(client).Text(), "late");
    ExpectReject(Next(client), kTestThrow, ERejectReason::kHandlerThrew);
    ASSERT_EQ(Next(client).Text(), "late");
    ASSERT_EQ(NumberIn(Next(client)), i + 1);
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_replied"), 6 * kRounds);
  EXPECT_EQ(server.Total("packets_one_way"), kRounds);
  EXPECT_EQ(server.Total("rejected_unknown_code"), kRounds);
  EXPECT_EQ(server.Total("rejected_handler_threw"), kRounds);
}

TEST_P(CEchoTest, RunsHandlersWhereTheyWereRegistered) {
  CServerProcess& server = StartHere();
  CTestClient client(server.Port());
  STestPlace place{};
  // On sb-io as soon as the pool is through with what came before.
  EXPECT_TRUE(Eventually([&] {
    place = PlaceIn(Ask(client, GetParam().where));
    return HasFailure() || std::string(place.thread).starts_with(IsInline() ? "sb-io" : "sb-work-");
  }));
  EXPECT_EQ(static_cast<pid_t>(place.pid), server.WorkerPid());
}

TEST_P(CEchoTest, AnswersASlowSenderByteByByte) {
  CServerProcess& server = StartHere();
  CTestClient client(server.Port());
  const Bytes bytes = Pipeline(Echo(), 9, 2);
  uint64_t sent = 0;
  for (const std::byte byte : bytes) {
    ASSERT_TRUE(client.SendRaw({&byte, 1}));
    ASSERT_TRUE(server.WaitForCount(ECounter::kBytesReceived, ++sent));
  }
  EXPECT_EQ(FirstWrong(client, Echo(), 9, 2), 2U);
  EXPECT_GE(server.Count(ECounter::kReceives), bytes.size());
}

TEST_P(CEchoTest, AnswersWhatWasAskedBeforeAHalfClose) {
  constexpr uint32_t kPackets = 1000;
  CServerProcess& server = StartHere();
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendRaw(Pipeline(Echo(), 4, kPackets)));
  ASSERT_TRUE(client.SendFrame(kTestDefer, Number(50)));
  ASSERT_TRUE(client.SendFrame(Echo(), "the last one"));
  client.ShutdownWrite();
  EXPECT_EQ(FirstWrong(client, Echo(), 4, kPackets), kPackets);
  EXPECT_EQ(Next(client).Text(), "late");
  EXPECT_EQ(Next(client).Text(), "the last one");
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_replied"), kPackets + 2);
  EXPECT_EQ(server.Total("closed_peer_closed"), 1U);
}

TEST_P(CEchoTest, StopsReadingAPeerThatDoesNotReadAndGoesOnWhenItDoes) {
  CServerProcess& server = StartHere({"limits.recv_pause_bytes=200000", "limits.packet_bytes=60000"});
  CTestClient client(server.Port(), 16384);
  constexpr uint32_t kPackets = 400;  // 20 MB: far more than the kernel's buffers hold
  const auto bodyOf = [](uint32_t i) { return Number(i) + std::string(50000, static_cast<char>(i)); };
  const CThread sender("sender", [&] {
    for (uint32_t i = 0; i < kPackets; ++i) {
      if (!client.SendFrame(Echo(), bodyOf(i))) return;
    }
  });
  EXPECT_TRUE(server.WaitForCount(ECounter::kReadPauses, 1));
  // Somebody else is served all the while.
  CTestClient other(server.Port());
  ExpectServed(other);
  for (uint32_t i = 0; i < kPackets; ++i) ASSERT_EQ(Next(client).Text(), bodyOf(i));
  EXPECT_EQ(server.Count(ECounter::kPacketsReplied), kPackets + 1);
}

TEST_P(CEchoTest, ClosesASlowReaderAtTheSendQueueLimit) {
  CServerProcess& server = StartHere({"limits.send_queue_bytes=100000", "limits.packet_bytes=60000"});
  CTestClient client(server.Port(), 16384);
  CTestClient other(server.Port());
  // 20 MB of pushes: the kernel takes a few, then the queue takes its share.
  ASSERT_TRUE(client.SendFrame(kTestPushes, Number(20000)));
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kSendQueueOverflow, 1));
  EXPECT_TRUE(client.WaitForClose());
  ExpectServed(other);
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("closed_send_queue_overflow"), 1U);
  EXPECT_EQ(server.Total("packets_discarded"), 1U);
}

TEST_P(CEchoTest, SendsPushesInOrderBeforeTheAnswer) {
  CServerProcess& server = StartHere();
  CTestClient client(server.Port());
  constexpr uint32_t kPushes = 300;
  ASSERT_TRUE(client.SendFrame(kTestPushes, Number(kPushes)));
  for (uint32_t i = 0; i < kPushes; ++i) {
    const SReceivedFrame push = Next(client);
    ASSERT_EQ(push.msgCode, kTestPush);
    ASSERT_EQ(NumberIn(push), i);
  }
  EXPECT_EQ(Next(client).msgCode, kTestPushes);
  EXPECT_EQ(server.Count(ECounter::kPacketsPushed), kPushes);
}

}  // namespace
}  // namespace switchboard
