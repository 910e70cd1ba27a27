#include "net/conn/COutbox.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace switchboard {
namespace {

constexpr uint32_t kGeneration = 5;
constexpr uint32_t kLimit = 10000;
using EOwn = COutbox::EOwn;
using EAppend = COutbox::EAppend;
using EEnd = COutbox::EEnd;

class COutboxTest : public testing::Test {
 protected:
  COutboxTest() { m_outbox.Open(kGeneration); }

  BlockPtr Block(std::string_view text) {
    BlockPtr p_block = m_buffers.Get(text.size());
    p_block->Append(std::as_bytes(std::span(text)));
    return p_block;
  }
  EAppend Append(std::string_view text, uint32_t generation = kGeneration, uint32_t limit = kLimit) {
    return m_outbox.Append(generation, Block(text), limit);
  }
  std::string TakeQueued() {
    CBlockQueue queue;
    m_outbox.TakeQueued(queue);
    std::string text;
    while (BlockPtr p_block = queue.PopFront()) {
      text.append(reinterpret_cast<const char*>(p_block->Unused().data()), p_block->Unused().size());
    }
    return text;
  }

  CBufferPool m_buffers;
  COutbox m_outbox;
};

TEST_F(COutboxTest, HasOneOwner) {
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kBusy);
  EXPECT_EQ(m_outbox.EndDirect(nullptr), EEnd::kReleased);
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
}

TEST_F(COutboxTest, TheFirstThatQueuesHandsItToTheSender) {
  EXPECT_FALSE(m_outbox.IsSenders());
  EXPECT_EQ(Append("a"), EAppend::kHandOver);
  EXPECT_TRUE(m_outbox.IsSenders());
  EXPECT_EQ(Append("b"), EAppend::kQueued);
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kBusy) << "nobody overtakes what is queued";
  EXPECT_EQ(TakeQueued(), "ab");
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kReleased);
  EXPECT_FALSE(m_outbox.IsSenders());
}

TEST_F(COutboxTest, TheRestOfADirectWriteComesBeforeWhatWasQueuedMeanwhile) {
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
  EXPECT_EQ(Append("later"), EAppend::kQueued) << "the direct owner sees to it";
  EXPECT_FALSE(m_outbox.IsSenders());
  EXPECT_EQ(m_outbox.EndDirect(Block("rest ")), EEnd::kMore);
  EXPECT_EQ(TakeQueued(), "rest later");
}

TEST_F(COutboxTest, WhatWasQueuedDuringADirectWriteIsHandedOver) {
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
  EXPECT_EQ(Append("later"), EAppend::kQueued);
  EXPECT_EQ(m_outbox.EndDirect(nullptr), EEnd::kMore);
  EXPECT_TRUE(m_outbox.IsSenders());
}

TEST_F(COutboxTest, TheSenderGoesOnWhileThereIsMore) {
  EXPECT_EQ(Append("a"), EAppend::kHandOver);
  EXPECT_EQ(TakeQueued(), "a");
  EXPECT_EQ(Append("b"), EAppend::kQueued);
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kMore);
  EXPECT_EQ(TakeQueued(), "b");
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kReleased);
}

TEST_F(COutboxTest, WhatIsPassedToSbFileIsItsUntilItLetsGo) {
  EXPECT_EQ(Append("a"), EAppend::kHandOver);
  EXPECT_FALSE(m_outbox.IsFileSenders());
  m_outbox.PassToFiles();
  EXPECT_TRUE(m_outbox.IsFileSenders());
  EXPECT_FALSE(m_outbox.IsSenders()) << "sb-send may still hear of it, and must not touch it";
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kBusy);
  EXPECT_EQ(TakeQueued(), "a");
  EXPECT_EQ(Append("b"), EAppend::kQueued);
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kMore);
  EXPECT_TRUE(m_outbox.IsFileSenders()) << "what comes behind it is sent by the same";
  EXPECT_EQ(TakeQueued(), "b");
  EXPECT_FALSE(m_outbox.Close()) << "and who closes it is told";
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kAwaited);
  EXPECT_FALSE(m_outbox.IsFileSenders());
}

TEST_F(COutboxTest, WhoLetsGoOfAPassedOneGivesItBackToAll) {
  EXPECT_EQ(Append("a"), EAppend::kHandOver);
  m_outbox.PassToFiles();
  TakeQueued();
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kReleased);
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
  EXPECT_EQ(m_outbox.EndDirect(Block("b")), EEnd::kMore);
  EXPECT_TRUE(m_outbox.IsSenders()) << "the next is sb-send's again";
}

TEST_F(COutboxTest, BoundsTheMemoryThatItHolds) {
  const size_t memory = Block("x")->Memory();
  const auto append = [&] { return m_outbox.Append(kGeneration, Block("x"), static_cast<uint32_t>(2 * memory)); };
  EXPECT_EQ(append(), EAppend::kHandOver);
  EXPECT_EQ(append(), EAppend::kQueued);
  EXPECT_EQ(append(), EAppend::kOverflow);
  EXPECT_EQ(m_outbox.Bytes(), 2 * memory);
  TakeQueued();
  EXPECT_EQ(append(), EAppend::kOverflow) << "what sb-send holds counts until it's sent";
  m_outbox.Done(memory);
  EXPECT_EQ(append(), EAppend::kQueued);
}

TEST_F(COutboxTest, OneBlockIsTakenIfItsBytesAreWithinTheLimit) {
  EXPECT_EQ(Append(std::string(101, 'x'), kGeneration, 100), EAppend::kOverflow);
  EXPECT_EQ(Append(std::string(100, 'x'), kGeneration, 100), EAppend::kHandOver);
}

TEST_F(COutboxTest, WhatFitsJoinsTheLastBlockAndTakesNoMemory) {
  EXPECT_FALSE(m_outbox.Join(kGeneration, std::as_bytes(std::span("a", 1)))) << "nobody would send it";
  EXPECT_EQ(Append("a"), EAppend::kHandOver);
  const uint32_t bytes = m_outbox.Bytes();
  EXPECT_TRUE(m_outbox.Join(kGeneration, std::as_bytes(std::span("b", 1))));
  EXPECT_FALSE(m_outbox.Join(kGeneration, std::vector<std::byte>(300))) << "more than its room";
  EXPECT_FALSE(m_outbox.Join(kGeneration + 1, std::as_bytes(std::span("c", 1))));
  EXPECT_EQ(m_outbox.Bytes(), bytes);
  EXPECT_EQ(TakeQueued(), "ab");
  EXPECT_FALSE(m_outbox.Join(kGeneration, std::as_bytes(std::span("d", 1)))) << "sb-send has it";
}

TEST_F(COutboxTest, AnotherLifeIsGone) {
  for (const uint32_t generation : {kGeneration - 1, kGeneration + 1}) {
    EXPECT_EQ(m_outbox.TryOwn(generation), EOwn::kGone);
    EXPECT_EQ(Append("a", generation), EAppend::kGone);
  }
  EXPECT_TRUE(m_outbox.IsDrained());
  EXPECT_EQ(m_outbox.Bytes(), 0U);
}

TEST_F(COutboxTest, ClosedItTakesNothing) {
  EXPECT_TRUE(m_outbox.Close());
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kGone);
  EXPECT_EQ(Append("a"), EAppend::kGone);
}

TEST_F(COutboxTest, IsNotClosableUnderADirectOwner) {
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
  EXPECT_FALSE(m_outbox.IsDrained());
  EXPECT_FALSE(m_outbox.Close());
  EXPECT_EQ(m_outbox.EndDirect(Block("too late")), EEnd::kAwaited) << "the rest is dropped";
  EXPECT_TRUE(m_outbox.Close());
}

TEST_F(COutboxTest, IsNotClosableUnderTheSender) {
  EXPECT_EQ(Append("a"), EAppend::kHandOver);
  EXPECT_FALSE(m_outbox.IsDrained());
  EXPECT_FALSE(m_outbox.Close());
  CBlockQueue queue;
  EXPECT_FALSE(m_outbox.TakeQueued(queue)) << "it hears of the close";
  EXPECT_TRUE(queue.IsEmpty()) << "and what was queued is dropped";
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kAwaited);
  EXPECT_TRUE(m_outbox.Close());
}

TEST_F(COutboxTest, WhoeverLetsGoHearsOnceThatThisIsAwaited) {
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
  EXPECT_FALSE(m_outbox.IsDrained());
  EXPECT_EQ(m_outbox.EndDirect(Block("rest")), EEnd::kMore) << "it goes on";
  TakeQueued();
  EXPECT_EQ(m_outbox.EndSending(), EEnd::kAwaited);
  EXPECT_TRUE(m_outbox.IsDrained());
  EXPECT_EQ(m_outbox.TryOwn(kGeneration), EOwn::kOwned);
  EXPECT_EQ(m_outbox.EndDirect(nullptr), EEnd::kReleased);
}

TEST_F(COutboxTest, ANewLifeBeginsEmpty) {
  EXPECT_EQ(Append("a"), EAppend::kHandOver);
  m_outbox.Close();
  m_outbox.EndSending();
  EXPECT_TRUE(m_outbox.Close());
  m_outbox.Open(kGeneration + 1);
  EXPECT_EQ(m_outbox.Bytes(), 0U);
  EXPECT_EQ(Append("a"), EAppend::kGone);
  EXPECT_EQ(Append("b", kGeneration + 1), EAppend::kHandOver);
  EXPECT_EQ(TakeQueued(), "b");
}

}  // namespace
}  // namespace switchboard
