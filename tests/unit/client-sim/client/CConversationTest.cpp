#include "client-sim/client/CConversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "client-sim/message/CCustomMessage.h"
#include "net/wire/CFrameEncoder.h"

namespace switchboard::sim {
namespace {

MonotonicTime At(int64_t ns) { return MonotonicTime(Nanoseconds(ns)); }

using Bytes = std::vector<std::byte>;

constexpr uint8_t kPing = 0;
constexpr uint8_t kEcho = 1;
constexpr uint8_t kTinyEcho = 2;
constexpr uint8_t kLogin = 3;
constexpr uint8_t kRegister = 4;
constexpr uint8_t kTell = 5;     // one-way
constexpr uint8_t kRefusal = 6;  // asks for a Reject
constexpr uint8_t kAsk = 7;      // is answered under another code

constexpr uint16_t kTellCode = 100;
constexpr uint16_t kRefusalCode = 101;
constexpr uint16_t kAskCode = 102;
constexpr uint16_t kAnswerCode = 103;
constexpr uint16_t kPushCode = 104;

Bytes Frame(uint16_t msgCode, const Bytes& body) {
  Bytes frame(kHeaderBytes + body.size());
  CFrameEncoder::WriteFrame(frame.data(), msgCode, body);
  return frame;
}

template <typename Body>
Bytes FrameOf(uint16_t msgCode, const Body& body) {
  const auto* p_body = reinterpret_cast<const std::byte*>(&body);
  return Frame(msgCode, Bytes(p_body, p_body + sizeof(body)));
}

Bytes Reject(uint16_t msgCode, uint16_t reason) {
  SRejectBody body;
  body.msgCode = msgCode;
  body.reason = reason;
  return FrameOf(kRejectCode, body);
}

Bytes Result(uint16_t msgCode, int32_t result) {
  SResultBody body;
  body.result = result;
  return FrameOf(msgCode, body);
}

class CConversationTest : public testing::Test {
 protected:
  CConversationTest() {
    m_workload.Add(std::make_unique<CPingMessage>(), 1);
    m_workload.Add(std::make_unique<CEchoMessage>(m_pattern, 56), 1);
    m_workload.Add(std::make_unique<CEchoMessage>(m_pattern, 7), 1);
    m_workload.Add(std::make_unique<CLoginMessage>(std::vector<SLoginBody>(1)), 1);
    m_workload.Add(std::make_unique<CRegisterMessage>("test"), 1);
    SExpectation nothing;
    nothing.isOneWay = true;
    AddCustom(kTellCode, std::move(nothing));
    SExpectation refusal;
    refusal.reject = 2;
    AddCustom(kRefusalCode, std::move(refusal));
    SExpectation answer;
    answer.replyCode = kAnswerCode;
    AddCustom(kAskCode, std::move(answer));
    m_workload.AddPush(kPushCode);
  }

  void AddCustom(uint16_t msgCode, SExpectation expectation) {
    m_workload.Add(std::make_unique<CCustomMessage>("custom", msgCode, std::make_unique<CFixedBody>(Bytes(3)),
                                                    std::move(expectation)),
                   1);
  }

  // Sends a request at `startNs` after the clock began and returns its frame: the right reply to a ping or an echo.
  Bytes Issue(uint8_t message, int64_t startNs = 0) {
    m_out.Clear();
    m_conversation.Issue(message, At(startNs), m_out);
    return Bytes(m_out.Bytes().begin(), m_out.Bytes().end());
  }
  void Arrive(const Bytes& frames, int64_t nowNs = 1000) { m_conversation.OnBytes(frames, At(nowNs)); }
  uint64_t Count(ECount what) const { return m_ledger.Get(what); }
  // Every request has ended in exactly one way.
  void ExpectBalance() {
    m_conversation.Abandon("the end");
    EXPECT_EQ(m_ledger.InFlight(), 0u);
    EXPECT_EQ(m_conversation.Outstanding(), 0u);
    EXPECT_EQ(m_latencies.Count(), Count(ECount::kReplied));
  }

  const CBodyPattern m_pattern{1};
  CWorkload m_workload;
  CLedger m_ledger;
  CHistogram m_latencies;
  CSendBuffer m_out;
  CConversation m_conversation{17, m_workload, m_ledger, m_latencies};
};

TEST_F(CConversationTest, RequestsAreWholeFrames) {
  for (const uint8_t message : {kPing, kEcho, kTinyEcho, kLogin, kRegister, kTell, kRefusal, kAsk}) {
    const Bytes frame = Issue(message);
    ASSERT_EQ(SFrame::BytesAt(frame.data()), frame.size());
    EXPECT_TRUE(IsIntact(SFrame::At(frame.data()))) << int{message};
  }
}

TEST_F(CConversationTest, RightRepliesInOrder) {
  Bytes replies = Issue(kEcho, 100);
  for (const uint8_t message : {kPing, kTinyEcho, kEcho}) {
    const Bytes frame = Issue(message, 100);
    replies.insert(replies.end(), frame.begin(), frame.end());
  }
  Issue(kLogin, 600);
  const Bytes login = Result(kLoginCode, 0);
  replies.insert(replies.end(), login.begin(), login.end());
  Arrive(replies, 1100);
  EXPECT_EQ(Count(ECount::kReplied), 5u);
  EXPECT_EQ(m_ledger.Faults(), 0u);
  EXPECT_EQ(m_latencies.Min(), 500u);
  EXPECT_EQ(m_latencies.Max(), 1000u);
  ExpectBalance();
  EXPECT_EQ(m_ledger.Faults(), 0u);
}

TEST_F(CConversationTest, ADroppedEchoIsLostAndNothingElseIsBlamed) {
  Issue(kEcho);
  for (int i = 0; i < 100; ++i) Arrive(Issue(i % 2 == 0 ? kEcho : kPing));
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kLost), 1u);
  EXPECT_EQ(m_ledger.Faults(), 1u);
  EXPECT_EQ(Count(ECount::kReplied), 100u);
}

TEST_F(CConversationTest, ADroppedPingIsLost) {
  Issue(kPing);
  Arrive(Issue(kEcho));
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kLost), 1u);
  EXPECT_EQ(m_ledger.Faults(), 1u);
}

TEST_F(CConversationTest, AfterADroppedPingTheNextOnesKeepTheirReplies) {
  Issue(kPing);
  for (int i = 0; i < 100; ++i) {
    Bytes replies = Issue(kEcho);
    const Bytes ping = Issue(kPing);
    replies.insert(replies.end(), ping.begin(), ping.end());
    Arrive(replies);
  }
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kLost), 1u);
  EXPECT_EQ(m_ledger.Faults(), 1u);
}

TEST_F(CConversationTest, AnOvertakenRequestIsLostBeforeTheBooksGrowWithoutBound) {
  Issue(kEcho);
  for (size_t i = 0; i <= CConversation::kMaxOvertakes; ++i) Arrive(Issue(kEcho));
  EXPECT_EQ(Count(ECount::kLost), 1u);
  EXPECT_EQ(m_conversation.Outstanding(), 0u);
  ExpectBalance();
}

TEST_F(CConversationTest, ASecondReplyIsADuplicate) {
  const Bytes first = Issue(kEcho);
  const Bytes second = Issue(kEcho);
  Arrive(first);
  Arrive(first);
  Arrive(second);
  Arrive(Issue(kPing));
  Arrive(Frame(kPingCode, {}));
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kDuplicated), 2u);
  EXPECT_EQ(m_ledger.Faults(), 2u);
}

TEST_F(CConversationTest, SwappedRepliesAreReordered) {
  const Bytes first = Issue(kEcho);
  const Bytes second = Issue(kEcho);
  const Bytes third = Issue(kEcho);
  Arrive(second);
  Arrive(first);
  Arrive(third);
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kReordered), 1u);
  EXPECT_EQ(m_ledger.Faults(), 1u);
  EXPECT_EQ(Count(ECount::kReplied), 3u);
}

TEST_F(CConversationTest, SwappedTinyEchoesAreReordered) {
  const Bytes first = Issue(kTinyEcho);
  const Bytes second = Issue(kTinyEcho);
  Arrive(second);
  Arrive(first);
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kReordered), 1u);
  EXPECT_EQ(m_ledger.Faults(), 1u);
}

TEST_F(CConversationTest, EveryFlippedBitOfAReplyIsCaught) {
  for (const uint8_t message : {kEcho, kTinyEcho}) {
    const size_t bits = Issue(message).size() * 8;
    m_conversation.Abandon("only the size was wanted");
    for (size_t bit = 16; bit < bits; ++bit) {  // the first 16 are pkgLen: the decoder's matter
      const uint64_t before = m_ledger.Faults();
      Bytes frame = Issue(message);
      frame[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
      Arrive(frame);
      m_conversation.Abandon("next");
      EXPECT_GT(m_ledger.Faults(), before) << bit;
    }
  }
  EXPECT_EQ(Count(ECount::kReplied), 0u);
  ExpectBalance();
}

TEST_F(CConversationTest, ACorruptBodyWithAMatchingCrcIsAMismatch) {
  Bytes frame = Issue(kEcho);
  Bytes body(frame.begin() + kHeaderBytes, frame.end());
  body.back() ^= std::byte{1};
  Arrive(Frame(kEchoCode, body));
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kMismatched), 1u);
  EXPECT_EQ(m_ledger.Faults(), 1u);
}

TEST_F(CConversationTest, ATruncatedBodyIsAMismatch) {
  const Bytes frame = Issue(kEcho);
  Arrive(Frame(kEchoCode, Bytes(frame.begin() + kHeaderBytes, frame.end() - 1)));
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kMismatched), 1u);
}

TEST_F(CConversationTest, AReplyOfAnotherConnectionIsUnasked) {
  CConversation other(18, m_workload, m_ledger, m_latencies);
  Issue(kEcho);
  m_out.Clear();
  other.Issue(kEcho, At(0), m_out);
  Arrive(Bytes(m_out.Bytes().begin(), m_out.Bytes().end()));
  EXPECT_EQ(Count(ECount::kUnasked), 1u);
  EXPECT_EQ(m_conversation.Outstanding(), 1u);
  ASSERT_FALSE(m_ledger.Offenders().empty());
  EXPECT_NE(m_ledger.Offenders().front().find("of connection 18"), std::string::npos);
  m_conversation.Abandon("");
  other.Abandon("");
  EXPECT_EQ(m_ledger.InFlight(), 0u);
}

TEST_F(CConversationTest, AnUnknownCodeAnswersNothingRightly) {
  Arrive(Frame(4711, {}));
  EXPECT_EQ(Count(ECount::kUnasked), 1u);
  Issue(kEcho);
  Arrive(Frame(4711, {}));
  EXPECT_EQ(Count(ECount::kMismatched), 1u);
  ExpectBalance();
}

TEST_F(CConversationTest, ARejectAnswersTheFirstRequestOfItsCode) {
  const Bytes echo = Issue(kEcho);
  Issue(kLogin);
  Arrive(echo);
  Arrive(Reject(kLoginCode, 6));
  ExpectBalance();
  EXPECT_EQ(Count(ECount::kRejected), 1u);
  EXPECT_EQ(m_ledger.RejectsByReason().at(6), 1u);
  EXPECT_EQ(m_ledger.Faults(), 0u);
}

TEST_F(CConversationTest, EveryReasonOfARejectIsKept) {
  for (const uint16_t reason : {uint16_t{31}, uint16_t{301}, uint16_t{65535}}) {
    Issue(kLogin);
    Arrive(Reject(kLoginCode, reason));
    EXPECT_EQ(m_ledger.RejectsByReason().at(reason), 1u);
    EXPECT_EQ(ReasonOf(RejectName(reason)), reason);
  }
  EXPECT_EQ(RejectName(301), "reason 301");
  EXPECT_EQ(ReasonOf("overload"), 6);
  ExpectBalance();
}

TEST_F(CConversationTest, OffendersTellWhatWasGotAndWhatWasWanted) {
  const auto offenderOf = [this](uint8_t message, Bytes reply) {
    CLedger ledger;
    CConversation conversation(17, m_workload, ledger, m_latencies);
    m_out.Clear();
    conversation.Issue(message, At(0), m_out);
    if (reply.empty()) {
      reply.assign(m_out.Bytes().begin(), m_out.Bytes().end());
      reply.back() ^= std::byte{0xFF};
      CFrameEncoder::WriteHeader(reply.data(), SFrame::At(reply.data()).msgCode, reply.size() - kHeaderBytes);
    }
    conversation.OnBytes(reply, At(1));
    EXPECT_EQ(ledger.Offenders().size(), 1u);
    return ledger.Offenders().empty() ? std::string() : ledger.Offenders().front();
  };
  const auto has = [](const std::string& text, const char* p_part) { return text.find(p_part) != std::string::npos; };
  const std::string echo = offenderOf(kEcho, {});
  EXPECT_TRUE(has(echo, "got 56 bytes, wanted 56; from byte 55 got ")) << echo;
  EXPECT_TRUE(has(echo, ", wanted ")) << echo;
  const std::string login = offenderOf(kLogin, Result(kLoginCode, 1));
  EXPECT_TRUE(has(login, "got 4 bytes, wanted 4; from byte 3 got 01, wanted 00")) << login;
  const std::string code = offenderOf(kLogin, Result(99, 0));
  EXPECT_TRUE(has(code, "got code 99 with 4 bytes, wanted code 6")) << code;
  Bytes torn = Result(kLoginCode, 0);
  torn.back() ^= std::byte{1};
  const std::string crc = offenderOf(kLogin, torn);
  EXPECT_TRUE(has(crc, "wrong CRC: got 0x") && has(crc, ", wanted 0x")) << crc;
}

TEST_F(CConversationTest, ARejectOfNothingIsUnasked) {
  Issue(kEcho);
  Arrive(Reject(kPingCode, 6));
  EXPECT_EQ(Count(ECount::kUnasked), 1u);
  ExpectBalance();
}

TEST_F(CConversationTest, ARefusedRegisterIsAnAnswerButARefusedLoginIsWrong) {
  Issue(kRegister);
  Arrive(Result(kRegisterCode, 1));
  EXPECT_EQ(Count(ECount::kRefused), 1u);
  EXPECT_EQ(m_ledger.Faults(), 0u);
  Issue(kLogin);
  Arrive(Result(kLoginCode, 1));
  EXPECT_EQ(Count(ECount::kMismatched), 1u);
  ExpectBalance();
}

TEST_F(CConversationTest, AOneWayMessageIsOverWhenItIsSentUnlessItIsRejected) {
  Issue(kTell);
  Issue(kTell);
  EXPECT_EQ(m_conversation.Outstanding(), 0u);
  EXPECT_EQ(Count(ECount::kOneWay), 2u);
  Arrive(Reject(kTellCode, 6));
  EXPECT_EQ(Count(ECount::kOneWay), 1u);
  EXPECT_EQ(Count(ECount::kRejected), 1u);
  EXPECT_EQ(m_ledger.Faults(), 0u);
  ExpectBalance();
}

TEST_F(CConversationTest, AnExpectedRejectIsARightReply) {
  Issue(kRefusal);
  Arrive(Reject(kRefusalCode, 2));
  EXPECT_EQ(Count(ECount::kReplied), 1u);
  EXPECT_EQ(Count(ECount::kRejected), 0u);
  Issue(kRefusal);
  Arrive(Reject(kRefusalCode, 6));
  EXPECT_EQ(Count(ECount::kMismatched), 1u);
  Issue(kRefusal);
  Arrive(Frame(kRefusalCode, Bytes(3)));
  EXPECT_EQ(Count(ECount::kMismatched), 2u);
  ExpectBalance();
}

TEST_F(CConversationTest, AReplyMayHaveACodeOfItsOwn) {
  Issue(kAsk);
  Arrive(Frame(kAnswerCode, Bytes(1)));
  EXPECT_EQ(Count(ECount::kReplied), 1u);
  Issue(kAsk);
  Arrive(Frame(kAskCode, Bytes(1)));
  EXPECT_EQ(Count(ECount::kMismatched), 1u);
  Issue(kAsk);
  Arrive(Reject(kAskCode, 6));
  EXPECT_EQ(Count(ECount::kRejected), 1u);
  ExpectBalance();
}

TEST_F(CConversationTest, APushIsNoReply) {
  const Bytes echo = Issue(kEcho);
  Arrive(Frame(kPushCode, Bytes(5)));
  EXPECT_EQ(Count(ECount::kPushes), 1u);
  EXPECT_EQ(m_conversation.Outstanding(), 1u);
  Arrive(echo);
  EXPECT_EQ(m_ledger.Faults(), 0u);
  ExpectBalance();
}

TEST_F(CConversationTest, WhatIsCutOffIsCountedApart) {
  Issue(kEcho);
  Issue(kPing);
  m_conversation.CutOff("the server fell over", false);
  EXPECT_EQ(Count(ECount::kInFlightAtReset), 2u);
  EXPECT_EQ(m_ledger.Offenders().size(), 2u);
  Issue(kEcho);
  m_conversation.CutOff("the server fell over", true);
  EXPECT_EQ(Count(ECount::kInFlightAtReset), 3u);
  EXPECT_EQ(m_ledger.Offenders().size(), 2u);
  EXPECT_EQ(m_ledger.Faults(), 0u);
  ExpectBalance();
}

TEST_F(CConversationTest, EatsWholeFramesAndStopsAtABadLength) {
  const Bytes echo = Issue(kEcho);
  Bytes bytes = echo;
  bytes.insert(bytes.end(), 3, std::byte{0x40});
  auto eaten = m_conversation.OnBytes(bytes, At(0));
  EXPECT_EQ(eaten.bytes, echo.size());
  EXPECT_FALSE(eaten.isBad);
  eaten = m_conversation.OnBytes(Bytes(2), At(0));
  EXPECT_EQ(eaten.bytes, 0u);
  EXPECT_TRUE(eaten.isBad);
}

// A conversation that compares replies with what it has sent.
class CMirrorTest : public testing::Test {
 protected:
  static SExpectation Any() { return {}; }

  CMirrorTest() {
    m_workload.Add(std::make_unique<CPingMessage>(), 1);
    m_workload.Add(std::make_unique<CEchoMessage>(m_pattern, 56), 1);
    m_workload.Add(std::make_unique<CCustomMessage>("any", kAskCode, std::make_unique<CFixedBody>(Bytes(3)), Any()), 1);
    m_p_conversation = std::make_unique<CConversation>(17, m_workload, m_ledger, m_latencies);
  }
  // Sends requests of one kind together and returns their frames.
  std::vector<Bytes> Issue(uint8_t message, size_t count) {
    m_out.Clear();
    EXPECT_EQ(m_p_conversation->IssueRun(message, At(0), count, m_out), count);
    m_p_conversation->Remember(m_out.Bytes());
    std::vector<Bytes> frames;
    for (std::span<const std::byte> rest = m_out.Bytes(); !rest.empty();) {
      const auto frame = rest.first(SFrame::BytesAt(rest.data()));
      EXPECT_TRUE(IsIntact(SFrame::At(frame.data())));
      frames.emplace_back(frame.begin(), frame.end());
      rest = rest.subspan(frame.size());
    }
    return frames;
  }
  // Returns how many bytes were eaten.
  size_t Arrive(const std::vector<Bytes>& frames) {
    Bytes all;
    for (const Bytes& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
    return m_p_conversation->OnBytes(all, At(1000)).bytes;
  }
  void ExpectReplies(uint64_t replies, uint64_t faults) {
    EXPECT_EQ(m_ledger.Get(ECount::kReplied), replies);
    EXPECT_EQ(m_ledger.Faults(), faults);
    EXPECT_EQ(m_latencies.Count(), replies);
  }

  const CBodyPattern m_pattern{1};
  CWorkload m_workload;
  CLedger m_ledger;
  CHistogram m_latencies;
  CSendBuffer m_out;
  std::unique_ptr<CConversation> m_p_conversation;
};

TEST_F(CMirrorTest, RunsOfRequestsAreTheSameAsSingleOnes) {
  CConversation single(17, m_workload, m_ledger, m_latencies);
  CSendBuffer out;
  for (int round = 0; round < 100; ++round) {
    const std::vector<Bytes> frames = Issue(kEcho, 7);
    out.Clear();
    for (int i = 0; i < 7; ++i) single.Issue(kEcho, At(0), out);
    Bytes all;
    for (const Bytes& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
    ASSERT_EQ(all, Bytes(out.Bytes().begin(), out.Bytes().end()));
    Arrive(frames);
  }
  ExpectReplies(700, 0);
}

TEST_F(CMirrorTest, MirroredRepliesInAnyPieces) {
  std::vector<Bytes> frames = Issue(kEcho, 3);
  const std::vector<Bytes> pings = Issue(kPing, 2);
  frames.insert(frames.end(), pings.begin(), pings.end());
  Bytes all;
  for (const Bytes& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
  while (!all.empty()) {
    for (size_t size = 1; size <= all.size(); ++size) {
      const size_t eaten = m_p_conversation->OnBytes(std::span(all).first(size), At(1000)).bytes;
      if (eaten == 0) continue;
      all.erase(all.begin(), all.begin() + static_cast<ptrdiff_t>(eaten));
      break;
    }
  }
  ExpectReplies(5, 0);
  EXPECT_EQ(m_p_conversation->Outstanding(), 0u);
}

TEST_F(CMirrorTest, AnOddReplyIsFoundInAnyPlace) {
  for (size_t place = 0; place < 5; ++place) {
    std::vector<Bytes> frames = Issue(kEcho, 5);
    frames[place].back() ^= std::byte{1};
    Arrive(frames);
    ExpectReplies(4 * (place + 1), place + 1);
    EXPECT_EQ(m_ledger.Get(ECount::kMismatched), place + 1);
  }
}

TEST_F(CMirrorTest, AMissingReplyIsFoundAndTheRestIsJudgedRightly) {
  std::vector<Bytes> frames = Issue(kEcho, 5);
  frames.erase(frames.begin() + 1);
  Arrive(frames);
  Arrive(Issue(kEcho, 3));
  m_p_conversation->Abandon("the end");
  EXPECT_EQ(m_ledger.Get(ECount::kLost), 1u);
  ExpectReplies(7, 1);
  Arrive(Issue(kEcho, 3));
  ExpectReplies(10, 1);
}

TEST_F(CMirrorTest, AReplyTooManyIsFoundBehindTheRightOnes) {
  std::vector<Bytes> frames = Issue(kEcho, 3);
  frames.push_back(frames.back());
  Arrive(frames);
  EXPECT_EQ(m_ledger.Get(ECount::kDuplicated), 1u);
  ExpectReplies(3, 1);
}

TEST_F(CMirrorTest, RejectsAndOtherRepliesGoBetween) {
  std::vector<Bytes> frames = Issue(kEcho, 2);
  Issue(kEcho, 1);
  frames.push_back(Reject(kEchoCode, 6));
  Issue(2, 1);
  frames.push_back(Frame(kAskCode, Bytes(9)));
  for (const Bytes& frame : Issue(kEcho, 2)) frames.push_back(frame);
  frames.insert(frames.begin() + 1, FrameOf(kGoAwayCode, SGoAwayBody{}));
  Arrive(frames);
  EXPECT_EQ(m_ledger.Get(ECount::kRejected), 1u);
  EXPECT_EQ(m_p_conversation->Outstanding(), 0u);
  ExpectReplies(5, 0);
}

TEST_F(CMirrorTest, AMirroredReplyMustBeOneThatIsMeantToBe) {
  m_workload.Add(std::make_unique<CLoginMessage>(std::vector<SLoginBody>(1)), 1);
  Arrive(Issue(3, 1));
  ExpectReplies(0, 1);
}

TEST_F(CConversationTest, GoAwayIsNoReply) {
  const Bytes echo = Issue(kEcho);
  Arrive(FrameOf(kGoAwayCode, SGoAwayBody{}));
  EXPECT_TRUE(m_conversation.HasGoAway());
  EXPECT_EQ(m_conversation.Outstanding(), 1u);
  Arrive(echo);
  ExpectBalance();
  EXPECT_EQ(m_ledger.Faults(), 0u);
}

}  // namespace
}  // namespace switchboard::sim
