#include "client-sim/record/CReplyDiff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "net/wire/CFrameEncoder.h"

namespace switchboard::sim {
namespace {

using Bytes = std::vector<std::byte>;

Bytes Frame(uint16_t msgCode, std::string_view body) {
  Bytes frame(kHeaderBytes + body.size());
  CFrameEncoder::WriteFrame(frame.data(), msgCode, std::as_bytes(std::span(body)));
  return frame;
}

class CReplyDiffTest : public testing::Test {
 protected:
  CReplyDiffTest() { m_recorded.number = 17; }
  void Record(uint16_t msgCode, std::string_view body) {
    m_frames.push_back(Frame(msgCode, body));
    m_recorded.replies.push_back(m_frames.back());
  }
  void RecordNumbers(int count) {
    for (int i = 0; i < count; ++i) Record(7, "reply " + std::to_string(i));
  }
  void Receive(uint16_t msgCode, std::string_view body) { m_diff.OnReply(Frame(msgCode, body)); }
  void ReceiveNumber(int i) { Receive(7, "reply " + std::to_string(i)); }
  void Expect(uint64_t equal, uint64_t different, uint64_t missing, uint64_t unexpected) {
    EXPECT_EQ(m_tally.equal, equal);
    EXPECT_EQ(m_tally.different, different);
    EXPECT_EQ(m_tally.missing, missing);
    EXPECT_EQ(m_tally.unexpected, unexpected);
  }
  std::string FirstOffender() const { return m_tally.offenders.empty() ? "" : m_tally.offenders.front(); }

  std::deque<Bytes> m_frames;
  SRecordedConnection m_recorded;
  std::set<uint16_t> m_ignored;
  SDiffTally m_tally;
  CReplyDiff m_diff{m_recorded, m_ignored, m_tally};
};

TEST_F(CReplyDiffTest, TheSameRepliesAreEqual) {
  RecordNumbers(100);
  for (int i = 0; i < 100; ++i) ReceiveNumber(i);
  m_diff.Finish("the end");
  Expect(100, 0, 0, 0);
  EXPECT_EQ(m_tally.Differences(), 0u);
}

TEST_F(CReplyDiffTest, AnotherBodyIsDifferentAndItsPlaceIsNamed) {
  RecordNumbers(3);
  ReceiveNumber(0);
  Receive(7, "reply X");
  ReceiveNumber(2);
  Expect(2, 1, 0, 0);
  EXPECT_EQ(FirstOffender(), "connection 17, reply 1: msgCode 7: from byte 6 of the body, recorded 31, received 58");
}

TEST_F(CReplyDiffTest, AnotherCodeOrLengthIsDifferent) {
  RecordNumbers(2);
  Receive(65535, "abcd");
  Receive(7, "reply 1 and more");
  Expect(0, 2, 0, 0);
  EXPECT_THAT(FirstOffender(),
              testing::HasSubstr("recorded msgCode 7, 7 bytes of body; received msgCode 65535, 4 bytes"));
}

TEST_F(CReplyDiffTest, AWrongCrcIsDifferent) {
  RecordNumbers(1);
  Bytes frame = Frame(7, "reply 0");
  frame[4] ^= std::byte{1};
  m_diff.OnReply(frame);
  Expect(0, 1, 0, 0);
  EXPECT_THAT(FirstOffender(), testing::HasSubstr("the CRC is another one"));
}

TEST_F(CReplyDiffTest, AGapCountsOnceAndNotEverythingBehindIt) {
  RecordNumbers(20);
  ReceiveNumber(0);
  for (int i = 4; i < 20; ++i) ReceiveNumber(i);
  m_diff.Finish("the end");
  Expect(17, 0, 3, 0);
  EXPECT_THAT(FirstOffender(), testing::HasSubstr("and 2 more (was left out)"));
}

TEST_F(CReplyDiffTest, ARepeatedReplyCountsOnce) {
  RecordNumbers(5);
  for (const int i : {0, 1, 1, 2, 3, 4, 4}) ReceiveNumber(i);
  m_diff.Finish("the end");
  Expect(5, 0, 0, 2);
}

TEST_F(CReplyDiffTest, WhatNeverComesIsMissingForAReason) {
  RecordNumbers(5);
  ReceiveNumber(0);
  m_diff.Finish("the server closed the connection");
  Expect(1, 0, 4, 0);
  EXPECT_THAT(FirstOffender(), testing::HasSubstr("(the server closed the connection)"));
}

TEST_F(CReplyDiffTest, OfIgnoredCodesOnlyTheCodeCounts) {
  m_ignored = {7};
  RecordNumbers(2);
  Receive(7, "anything");
  Receive(8, "reply 1");
  Expect(1, 1, 0, 0);
}

TEST_F(CReplyDiffTest, GoAwaysAreNotCompared) {
  RecordNumbers(1);
  Receive(kGoAwayCode, "123456");
  ReceiveNumber(0);
  Expect(1, 0, 0, 0);
}

TEST_F(CReplyDiffTest, ARecordThatHoldsOnlyTheBeginningOfAReplyIsNotReadBeyondIt) {
  Record(7, "a long reply");
  m_recorded.replies[0] = m_recorded.replies[0].first(kHeaderBytes + 2);
  Receive(7, "a long reply");
  Expect(0, 1, 0, 0);
}

TEST_F(CReplyDiffTest, TheListOfOffendersIsShort) {
  for (int i = 0; i < 100; ++i) Receive(1, "more");
  EXPECT_EQ(m_tally.offenders.size(), SDiffTally::kMaxOffenders);
  Expect(0, 0, 0, 100);
}

}  // namespace
}  // namespace switchboard::sim
