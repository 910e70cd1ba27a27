// Every packet ends in exactly one outcome, and every connection closes for exactly one reason.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/wire/Wire.h"
#include "tests/system/CSystemTest.h"

namespace switchboard {
namespace {

class COutcomeTest : public CSystemTest {
 protected:
  static Bytes Header(uint16_t pkgLen, uint16_t msgCode, uint32_t crc = 0) {
    SPacketHeader header;
    header.pkgLen = pkgLen;
    header.msgCode = msgCode;
    header.crc32 = crc;
    const auto bytes = std::as_bytes(std::span(&header, 1));
    return {bytes.begin(), bytes.end()};
  }
  static Bytes WithBadCrc(uint16_t msgCode, std::string_view body) {
    Bytes frame = MakeFrame(msgCode, body);
    frame.back() ^= std::byte{1};
    return frame;
  }
};

TEST_F(COutcomeTest, ABadLengthClosesAfterWhatCameBefore) {
  CServerProcess& server = StartWith({"limits.packet_bytes=1000"});
  const std::vector<uint16_t> lengths{0, 1, 2, 3, 4, 5, 6, 7, 1001, 65535};
  for (const uint16_t length : lengths) {
    CTestClient client(server.Port());
    Bytes bytes = MakeFrame(kTestEcho, "before");
    Append(bytes, Header(length, kTestEcho));
    Append(bytes, MakeFrame(kTestEcho, "after"));
    ASSERT_TRUE(client.SendRaw(bytes));
    EXPECT_EQ(Next(client).Text(), "before") << length;
    EXPECT_FALSE(client.ReceiveFrame().has_value()) << length;
    EXPECT_TRUE(client.WaitForClose()) << length;
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("closed_bad_length"), lengths.size());
  EXPECT_EQ(server.Total("packets_accepted"), lengths.size());
}

TEST_F(COutcomeTest, TheLargestPacketIsFine) {
  CServerProcess& server = StartWith({"limits.packet_bytes=1000"});
  CTestClient client(server.Port());
  EXPECT_EQ(Ask(client, kTestEcho, std::string(992, 'x')).body.size(), 992U);
}

TEST_F(COutcomeTest, ABadCrcIsRejectedAndCloses) {
  CServerProcess& server = Start();
  for (const uint16_t code : {kTestEcho, kTestEchoInline, kTestUnknown}) {
    CTestClient client(server.Port());
    Bytes bytes = MakeFrame(kTestEcho, "before");
    Append(bytes, WithBadCrc(code, "spoilt"));
    Append(bytes, MakeFrame(kTestEcho, "after"));
    ASSERT_TRUE(client.SendRaw(bytes));
    EXPECT_EQ(Next(client).Text(), "before");
    ExpectReject(Next(client), code, ERejectReason::kBadCrc);
    EXPECT_FALSE(client.ReceiveFrame().has_value());
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("rejected_bad_crc"), 3U);
  EXPECT_EQ(server.Total("closed_bad_crc"), 3U);
  EXPECT_EQ(server.Total("packets_replied"), 3U);
  EXPECT_EQ(server.Total("packets_discarded"), 3U);
}

TEST_F(COutcomeTest, AnEmptyBodyNeedsTheCrcZero) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendRaw(Header(8, kTestEcho, 1)));
  ExpectReject(Next(client), kTestEcho, ERejectReason::kBadCrc);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(COutcomeTest, WhatAHandlerDoesWrongIsRejectedAndTheConnectionLives) {
  struct SCase {
    uint16_t msgCode;
    ERejectReason reason;
  };
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  for (const SCase& wrong :
       {SCase{kTestUnknown, ERejectReason::kUnknownCode}, SCase{kGoAwayCode, ERejectReason::kUnknownCode},
        SCase{kRejectCode, ERejectReason::kUnknownCode}, SCase{kTestThrow, ERejectReason::kHandlerThrew},
        SCase{kTestThrowInline, ERejectReason::kHandlerThrew}, SCase{kTestThrowInt, ERejectReason::kHandlerThrew},
        SCase{kTestFalse, ERejectReason::kHandlerFailed}, SCase{kTestSilent, ERejectReason::kHandlerFailed},
        SCase{kTestOneWayFalse, ERejectReason::kHandlerFailed}, SCase{kTestDeferDrop, ERejectReason::kHandlerFailed},
        SCase{kTestStruct, ERejectReason::kShortBody}}) {
    ExpectReject(Ask(client, wrong.msgCode), wrong.msgCode, wrong.reason);
    ExpectServed(client);
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_replied"), 11U);
  EXPECT_EQ(server.Total("packets_rejected"), 11U);
  EXPECT_EQ(server.Total("packets_accepted"), 22U);
}

TEST_F(COutcomeTest, ARequestIsAnsweredOnce) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  EXPECT_EQ(Ask(client, kTestTwice).Text(), "first");
  EXPECT_EQ(Ask(client, kTestTooBig).Text(), "too big");
  EXPECT_EQ(NumberIn(Ask(client, kTestStruct, 17)), 17U);
  ExpectServed(client);
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_replied"), 4U);
  EXPECT_EQ(server.Total("packets_rejected"), 0U);
}

TEST_F(COutcomeTest, EachMistakeOfAHandlerIsNamedWithItsMendAndItsClient) {
  struct SCase {
    uint16_t msgCode;
    std::string body;
    std::string cause;
  };
  const std::vector<SCase> cases{
      {kTestStruct, "ab", "short_body: its body has 2 bytes, its handler wants 4"},
      {kTestSilent, "", "handler_failed: the handler returned true without an answer: call Reply, Reject or Defer"},
      {kTestFalse, "", "handler_failed: the handler returned false without an answer: call Reject"},
      {kTestTooBigOnly, "", "handler_failed: the reply is over 65,527 bytes: send less, or several packets"},
      {kTestOneWayReply, "", "handler_failed: the code is one-way: register it with Replies::kOne"},
      {kTestDeferDrop, "", "handler_failed: the CDeferredReply was dropped without an answer: call Reply or Reject"},
      {kTestDeferTooBig, "", "handler_failed: the reply is over 65,527 bytes: send less, or several packets"},
      {kTestUnknown, "", "unknown_code"},
  };
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  const std::string peer = " of 127.0.0.1:" + std::to_string(client.LocalPort()) + ": msgCode ";
  for (const SCase& wrong : cases) {
    EXPECT_EQ(Ask(client, wrong.msgCode, wrong.body).msgCode, kRejectCode) << wrong.msgCode;
    EXPECT_TRUE(server.WaitForLog(peer + std::to_string(wrong.msgCode) + " rejected: " + wrong.cause)) << wrong.msgCode;
  }
}

// The peer can't hear the answer any more, and nobody reads of it.
TEST_F(COutcomeTest, ADeferredAnswerThatNobodyWaitsForIsNoMistake) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  ASSERT_TRUE(client.SendFrame(kTestDeferForever));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 1));
  client.Rst();
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.CountInLog("dropped without an answer"), 0U);
}

TEST_F(COutcomeTest, OldClientsGetNoRejects) {
  CServerProcess& server = StartWith({"protocol.reject_replies=false"});
  CTestClient client(server.Port());
  const std::vector<uint16_t> wrong{kTestUnknown, kTestThrow,     kTestFalse,
                                    kTestStruct,  kTestDeferDrop, kTestThrowInline};
  for (const uint16_t code : wrong) ASSERT_TRUE(client.SendFrame(code));
  ExpectServed(client);
  ASSERT_TRUE(client.SendRaw(WithBadCrc(kTestEcho, "spoilt")));
  EXPECT_FALSE(client.ReceiveFrame().has_value());
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_rejected"), wrong.size() + 1);
  EXPECT_EQ(server.Total("packets_replied"), 1U);
  EXPECT_EQ(server.Total("closed_bad_crc"), 1U);
  EXPECT_GE(server.CountInLog("rejected: unknown_code"), 1U);
}

TEST_F(COutcomeTest, OverloadIsRejectedInOrder) {
  CServerProcess& server = StartWith({"business.threads=1", "business.blocking_threads=0", "business.queue_packets=5"});
  CTestClient gate(server.Port());
  CTestClient busy(server.Port());
  CTestClient client(server.Port());
  for (CTestClient* p_client : {&gate, &busy, &client}) ExpectServed(*p_client);
  // The only thread waits at the gate; three more packets find room, and one of the next ten. Refused ones aren't in
  // it.
  ASSERT_TRUE(busy.SendFrame(kTestAwaitGate));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 4));
  Bytes three;
  for (int i = 0; i < 3; ++i) Append(three, MakeFrame(kTestEcho, std::string(1, static_cast<char>('a' + i))));
  ASSERT_TRUE(client.SendRaw(three));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 7));
  Bytes ten;
  for (int i = 0; i < 10; ++i) Append(ten, MakeFrame(kTestEcho, "too many"));
  ASSERT_TRUE(client.SendRaw(ten));
  ASSERT_TRUE(server.WaitForCount(ERejectReason::kOverload, 9));

  EXPECT_EQ(Ask(gate, kTestOpenGate).msgCode, kTestOpenGate);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Next(client).Text(), std::string(1, static_cast<char>('a' + i)));
  EXPECT_EQ(Next(client).Text(), "too many");
  for (int i = 0; i < 9; ++i) ExpectReject(Next(client), kTestEcho, ERejectReason::kOverload);
  ExpectServed(client);
  EXPECT_EQ(Next(busy).msgCode, kTestAwaitGate);
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("rejected_overload"), 9U);
}

TEST_F(COutcomeTest, DeferredRequestsAreAnsweredLaterAndHoldTheNext) {
  CServerProcess& server = StartWith({"business.threads=1"});
  CTestClient client(server.Port());
  CTestClient other(server.Port());
  for (const uint16_t code : {kTestDefer, kTestDeferInline}) {
    ASSERT_TRUE(client.SendFrame(code, Number(100)));
    ASSERT_TRUE(client.SendFrame(kTestEcho, "next"));
    ExpectServed(other);  // nothing is held but the connection
    EXPECT_EQ(Next(client).Text(), "late");
    EXPECT_EQ(Next(client).Text(), "next");
  }
}

TEST_F(COutcomeTest, ADeferredRequestWhosePeerIsGoneIsDiscarded) {
  CServerProcess& server = Start();
  {
    CTestClient client(server.Port());
    ASSERT_TRUE(client.SendFrame(kTestDeferForever));
    ASSERT_TRUE(client.SendFrame(kTestEcho, "never reached"));
    ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsEntered, 2));
    client.Rst();
  }
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_discarded"), 2U);
  EXPECT_EQ(server.Total("closed_peer_reset"), 1U);
}

TEST_F(COutcomeTest, AHandlerClosesItsOwnSession) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  EXPECT_EQ(Ask(client, kTestCloseMe).Text(), "bye");
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("closed_by_handler"), 1U);
  EXPECT_EQ(server.Total("packets_replied"), 1U);
}

TEST_F(COutcomeTest, AResetInTheMiddleOfTheWorkIsAccountedFor) {
  CServerProcess& server = StartWith({"business.threads=2", "business.batch=5"});
  for (int i = 0; i < 50; ++i) {
    CTestClient client(server.Port());
    Bytes bytes;
    for (int n = 0; n < 50; ++n) Append(bytes, MakeFrame(n % 3 == 0 ? kTestEchoInline : kTestEcho, "echo"));
    ASSERT_TRUE(client.SendRaw(bytes));
    client.Rst();
  }
  EXPECT_TRUE(server.WaitForCount(ECounter::kConnectionsAccepted, 50));
  EXPECT_TRUE(server.WaitForActive(0));
  CTestClient client(server.Port());
  ExpectServed(client);
}

TEST_F(COutcomeTest, TheLargestAnswerIsSentWholeAndALargerOneIsRejected) {
  CServerProcess& server = Start();
  CTestClient client(server.Port());
  EXPECT_EQ(Ask(client, kTestBig, 65527).body.size(), 65527U);
  ExpectReject(Ask(client, kTestBig, 65528), kTestBig, ERejectReason::kHandlerFailed);
  ExpectServed(client);
}

}  // namespace
}  // namespace switchboard
