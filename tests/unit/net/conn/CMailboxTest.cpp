#include "net/conn/CMailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace switchboard {
namespace {

constexpr uint32_t kGeneration = 5;

class CMailboxTest : public testing::Test {
 protected:
  CMailboxTest() {
    m_mailbox.Open(kGeneration);
    EXPECT_TRUE(m_mailbox.PostOpening());
  }

  bool Post(std::string_view text) {
    BlockPtr p_block = m_buffers.Get(text.size());
    p_block->Append(std::as_bytes(std::span(text)));
    m_mailbox.Charge(*p_block, 1);
    return m_mailbox.Post(std::move(p_block));
  }
  // What the next turn finds: "opening", "end", "nothing" or a block's bytes.
  std::string Take() {
    CMailbox::SPiece piece = m_mailbox.Take();
    if (piece.isOpening) return "opening";
    if (piece.isEnd) return "end";
    if (piece.p_block == nullptr) return "nothing";
    const std::span<const std::byte> bytes = piece.p_block->Unused();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  void BecomeIdle() {
    EXPECT_EQ(Take(), "opening");
    EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle);
    ASSERT_TRUE(m_mailbox.IsIdle());
  }

  CBufferPool m_buffers;
  CMailbox m_mailbox;
};

TEST_F(CMailboxTest, ItsOpeningSchedulesIt) {
  EXPECT_FALSE(m_mailbox.IsIdle());
  EXPECT_FALSE(Post("a")) << "it is scheduled already";
  EXPECT_EQ(Take(), "opening");
  EXPECT_EQ(Take(), "a");
  EXPECT_EQ(Take(), "nothing");
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle);
  EXPECT_TRUE(m_mailbox.IsIdle());
}

TEST_F(CMailboxTest, IsScheduledOnceForManyPosts) {
  BecomeIdle();
  EXPECT_TRUE(Post("a"));
  EXPECT_FALSE(Post("b"));
  EXPECT_FALSE(m_mailbox.PostEnd());
  EXPECT_EQ(Take(), "a");
  EXPECT_EQ(Take(), "b");
  EXPECT_EQ(Take(), "end");
  EXPECT_EQ(Take(), "nothing");
}

TEST_F(CMailboxTest, LeavingWithMoreToDoKeepsItScheduled) {
  BecomeIdle();
  EXPECT_TRUE(Post("a"));
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kMore);
  EXPECT_FALSE(m_mailbox.IsIdle());
  EXPECT_EQ(Take(), "a");
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle);
  EXPECT_TRUE(m_mailbox.PostEnd());
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kMore);
  EXPECT_EQ(Take(), "end");
}

TEST_F(CMailboxTest, WhatATurnPutsBackComesFirst) {
  EXPECT_EQ(Take(), "opening");
  EXPECT_FALSE(Post("first"));
  EXPECT_FALSE(Post("second"));
  CMailbox::SPiece piece = m_mailbox.Take();
  piece.p_block->Consume(2);
  m_mailbox.PutBack(std::move(piece.p_block));
  EXPECT_EQ(Take(), "rst");
  EXPECT_EQ(Take(), "second");
}

TEST_F(CMailboxTest, CountsTheMemoryUntilItIsFree) {
  EXPECT_EQ(m_mailbox.Bytes(), 0U);
  Post("12345");
  Post("678");
  const size_t memory = m_buffers.Get(5)->Memory();
  EXPECT_GT(memory, sizeof(CBlock) + 5);
  EXPECT_EQ(m_mailbox.Bytes(), 2 * memory) << "what is held, not what is in it";
  EXPECT_EQ(m_mailbox.Requests(), 2U);
  EXPECT_EQ(Take(), "opening");
  EXPECT_EQ(Take(), "12345");
  EXPECT_EQ(m_mailbox.Bytes(), 2 * memory) << "it still runs";
  EXPECT_FALSE(m_mailbox.Done(memory, 1));
  EXPECT_EQ(m_mailbox.Bytes(), memory);
  EXPECT_TRUE(m_mailbox.Done(memory, 1)) << "the last request";
  EXPECT_EQ(m_mailbox.Bytes(), 0U);
}

TEST_F(CMailboxTest, WhatADeferredRequestKeepsIsOnTheAccountUntilItIsGone) {
  BecomeIdle();
  for (const bool isAnswered : {true, false}) {
    EXPECT_TRUE(Post("request"));
    const size_t memory = m_mailbox.Bytes();
    std::shared_ptr<const CBlock> p_block(m_mailbox.Take().p_block);
    const std::weak_ptr<const CBlock> p_watched = p_block;
    const uint32_t number = m_mailbox.BeginDeferral(true, std::move(p_block));
    m_mailbox.Done(0, 1);
    EXPECT_FALSE(m_mailbox.Block());
    EXPECT_EQ(m_mailbox.Bytes(), memory);
    EXPECT_EQ(m_mailbox.Requests(), 0U);
    EXPECT_FALSE(p_watched.expired());
    if (isAnswered) {
      EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, number));
      EXPECT_EQ(m_mailbox.Bytes(), memory) << "its answer isn't on its way yet";
      EXPECT_TRUE(m_mailbox.EndDeferral(kGeneration, number));
    } else {
      EXPECT_EQ(m_mailbox.CancelDeferrals(kGeneration).count, 1U);
    }
    EXPECT_EQ(m_mailbox.Bytes(), 0U);
    EXPECT_TRUE(p_watched.expired()) << "whoever has the right to answer doesn't keep it";
    EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle);
  }
}

TEST_F(CMailboxTest, WhoAwaitsTheTurnIsTold) {
  EXPECT_TRUE(m_mailbox.AwaitTurn());
  EXPECT_EQ(Take(), "opening");
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kReadAwaits);
  EXPECT_FALSE(m_mailbox.AwaitTurn()) << "it is idle";
  EXPECT_TRUE(Post("a"));
  EXPECT_EQ(Take(), "a");
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle) << "nobody awaits it";
}

TEST_F(CMailboxTest, ADeferralBlocksUntilItIsAnswered) {
  EXPECT_EQ(Take(), "opening");
  const uint32_t number = m_mailbox.BeginDeferral(true);
  EXPECT_FALSE(m_mailbox.Block());
  EXPECT_FALSE(Post("next")) << "what comes waits for the answer";
  EXPECT_FALSE(m_mailbox.PostEnd());
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, number));
  EXPECT_TRUE(m_mailbox.EndDeferral(kGeneration, number)) << "now it is to be scheduled";
  EXPECT_EQ(Take(), "next");
  EXPECT_EQ(Take(), "end");
}

TEST_F(CMailboxTest, AnAnswerMayComeBeforeTheTurnEnds) {
  EXPECT_EQ(Take(), "opening");
  const uint32_t number = m_mailbox.BeginDeferral(true);
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, number));
  EXPECT_FALSE(m_mailbox.EndDeferral(kGeneration, number)) << "the turn still runs, and sees to it";
  EXPECT_TRUE(m_mailbox.Block());
}

TEST_F(CMailboxTest, AnAnswerMayBeOnItsWayWhenTheTurnEnds) {
  EXPECT_EQ(Take(), "opening");
  const uint32_t number = m_mailbox.BeginDeferral(true);
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, number));
  EXPECT_FALSE(m_mailbox.Block());
  EXPECT_TRUE(m_mailbox.EndDeferral(kGeneration, number));
}

TEST_F(CMailboxTest, OneClaimOnly) {
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration, 1)) << "nothing is deferred";
  const uint32_t number = m_mailbox.BeginDeferral(true);
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration - 1, number)) << "of the life before";
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration + 1, number));
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration, number + 1)) << "another request's";
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, number));
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration, number));
  m_mailbox.EndDeferral(kGeneration, number);
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration, number));
}

TEST_F(CMailboxTest, ADeferralInAnInlineTurnMakesPostsWait) {
  BecomeIdle();
  const uint32_t number = m_mailbox.BeginDeferral(true);  // sb-io runs the turn, and nothing is scheduled
  EXPECT_FALSE(m_mailbox.IsIdle());
  EXPECT_FALSE(m_mailbox.Block());
  EXPECT_FALSE(Post("next"));
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, number));
  EXPECT_TRUE(m_mailbox.EndDeferral(kGeneration, number));
  EXPECT_EQ(Take(), "next");
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle);
  EXPECT_TRUE(m_mailbox.IsIdle());
}

TEST_F(CMailboxTest, WhatHoldsNothingLetsTheOthersPassAndIsAnsweredInAnyOrder) {
  EXPECT_EQ(Take(), "opening");
  const uint32_t first = m_mailbox.BeginDeferral(false);
  const uint32_t second = m_mailbox.BeginDeferral(false);
  EXPECT_TRUE(m_mailbox.Block()) << "nothing holds the connection";
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle);
  EXPECT_TRUE(Post("next"));
  EXPECT_EQ(Take(), "next");
  EXPECT_EQ(m_mailbox.Leave(), CMailbox::ELeft::kIdle);
  EXPECT_FALSE(m_mailbox.PostEnd()) << "two answers come before the end";
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, second));
  EXPECT_FALSE(m_mailbox.EndDeferral(kGeneration, second));
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, first));
  EXPECT_TRUE(m_mailbox.EndDeferral(kGeneration, first)) << "now the end is due";
  EXPECT_EQ(Take(), "end");
}

TEST_F(CMailboxTest, WhatNobodyHasClaimedCanBeGivenUp) {
  EXPECT_EQ(Take(), "opening");
  const uint32_t first = m_mailbox.BeginDeferral(false);
  const uint32_t second = m_mailbox.BeginDeferral(true);
  EXPECT_FALSE(m_mailbox.Block());
  EXPECT_TRUE(m_mailbox.ClaimDeferral(kGeneration, first));
  EXPECT_EQ(m_mailbox.CancelDeferrals(kGeneration + 1).count, 0U);
  const CMailbox::SCancelled cancelled = m_mailbox.CancelDeferrals(kGeneration);
  EXPECT_EQ(cancelled.count, 1U);
  EXPECT_TRUE(cancelled.isRunnable);
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration, second));
}

TEST_F(CMailboxTest, ANewLifeKnowsNothingOfTheOldOne) {
  EXPECT_EQ(Take(), "opening");
  const uint32_t number = m_mailbox.BeginDeferral(true);
  EXPECT_FALSE(m_mailbox.Block());
  m_mailbox.Open(kGeneration + 1);
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration, number));
  EXPECT_FALSE(m_mailbox.ClaimDeferral(kGeneration + 1, number));
  EXPECT_TRUE(m_mailbox.PostOpening());
  EXPECT_EQ(Take(), "opening");
  EXPECT_EQ(Take(), "nothing");
}

}  // namespace
}  // namespace switchboard
