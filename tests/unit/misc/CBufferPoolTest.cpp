#include "misc/CBufferPool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

#include "misc/thread/CThread.h"

namespace switchboard {
namespace {

BlockPtr Holding(CBufferPool& pool, std::string_view text) {
  BlockPtr p_block = pool.Get(text.size());
  p_block->Append(std::as_bytes(std::span(text)));
  return p_block;
}

std::string TextOf(CBlock& block) {
  return {reinterpret_cast<const char*>(block.Unused().data()), block.Unused().size()};
}

std::string TextOf(CBlockQueue& queue) {
  std::string text;
  for (CBlock* p_block = queue.First(); p_block != nullptr; p_block = CBlockQueue::Next(p_block)) {
    text += TextOf(*p_block);
  }
  return text;
}

TEST(CBufferPoolTest, ABlockHasRoomForWhatWasAsked) {
  CBufferPool pool;
  for (const size_t bytes : {0UL, 1UL, 200UL, 255UL, 256UL, 257UL, 1000UL, 4096UL, 65535UL, 262144UL, 3000000UL}) {
    BlockPtr p_block = pool.Get(bytes);
    ASSERT_GE(p_block->Capacity(), bytes);
    EXPECT_TRUE(p_block->Unused().empty());
    EXPECT_FALSE(p_block->IsMarked());
    std::memset(p_block->Data(), 0xab, p_block->Capacity());
  }
}

TEST(CBufferPoolTest, AReturnedBlockIsLentAgainAsNew) {
  CBufferPool pool;
  BlockPtr p_block = Holding(pool, "first");
  const CBlock* p_before = p_block.get();
  p_block->Consume(2);
  p_block->SetMarked();
  p_block.reset();
  BlockPtr p_again = pool.Get(5);
  EXPECT_EQ(p_again.get(), p_before);
  EXPECT_TRUE(p_again->Unused().empty());
  EXPECT_FALSE(p_again->IsMarked());
}

TEST(CBufferPoolTest, WhatIsAppendedIsUsedFromTheFront) {
  CBufferPool pool;
  BlockPtr p_block = pool.Get(10);
  p_block->Append(std::as_bytes(std::span("01234", 5)));
  p_block->Append({});
  p_block->Append(std::as_bytes(std::span("56789", 5)));
  p_block->Consume(3);
  EXPECT_EQ(TextOf(*p_block), "3456789");
  p_block->Consume(7);
  EXPECT_TRUE(p_block->Unused().empty());
}

TEST(CBufferPoolTest, KeepsABoundedNumberOfBlocks) {
  CBufferPool pool;
  // Far more than it keeps: the rest goes back to the system, as the sanitizer's leak check sees.
  std::vector<BlockPtr> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back(pool.Get(200000));
  blocks.clear();
  for (int i = 0; i < 20; ++i) blocks.push_back(pool.Get(200000));
}

TEST(CBufferPoolTest, KnowsWhatIsHeld) {
  SHeldBytes held;
  int growths = 0;
  CBufferPool pool(held, [&] { ++growths; });
  uint64_t sum = 0;
  std::vector<BlockPtr> blocks;
  for (const size_t bytes : {0UL, 1UL, 256UL, 257UL, 131072UL, 262144UL, 3000000UL}) {
    blocks.push_back(pool.Get(bytes));
    EXPECT_LE(blocks.back()->Memory(), 2 * bytes + 256 + sizeof(CBlock)) << "at most twice what is asked";
    sum += blocks.back()->Memory();
    EXPECT_EQ(held.Sum(), sum);
  }
  EXPECT_EQ(growths, 7);
  blocks.clear();
  EXPECT_EQ(held.Sum(), 0U);
  pool.Get(1);
  EXPECT_EQ(growths, 7) << "what was returned is lent again";
}

TEST(CBufferPoolTest, ManyThreadsBorrowAndReturn) {
  CBufferPool pool;
  const auto borrow = [&pool] {
    for (unsigned char i = 0; i < 200; ++i) {
      BlockPtr p_block = pool.Get(size_t{i} * 50);
      std::memset(p_block->Data(), i, p_block->Capacity());
      for (size_t at = 0; at < p_block->Capacity(); at += 97) ASSERT_EQ(p_block->Data()[at], std::byte{i});
    }
  };
  std::vector<CThread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back("borrower", borrow);
}

TEST(CBlockQueueTest, IsFirstInFirstOut) {
  CBufferPool pool;
  CBlockQueue queue;
  EXPECT_TRUE(queue.IsEmpty());
  queue.PushBack(Holding(pool, "b"));
  queue.PushBack(Holding(pool, "c"));
  queue.PushFront(Holding(pool, "a"));
  EXPECT_EQ(TextOf(queue), "abc");
  EXPECT_EQ(TextOf(*queue.PopFront()), "a");
  EXPECT_EQ(TextOf(*queue.PopFront()), "b");
  EXPECT_EQ(TextOf(*queue.PopFront()), "c");
  EXPECT_EQ(queue.PopFront(), nullptr);
  queue.PushFront(Holding(pool, "d"));
  queue.PushBack(Holding(pool, "e"));
  EXPECT_EQ(TextOf(queue), "de");
}

TEST(CBlockQueueTest, SpliceTakesAllOfTheOther) {
  CBufferPool pool;
  CBlockQueue queue;
  CBlockQueue other;
  queue.Splice(std::move(other));
  EXPECT_TRUE(queue.IsEmpty());
  other.PushBack(Holding(pool, "a"));
  other.PushBack(Holding(pool, "b"));
  queue.Splice(std::move(other));
  EXPECT_TRUE(other.IsEmpty());
  other.PushBack(Holding(pool, "c"));
  queue.Splice(std::move(other));
  queue.PushBack(Holding(pool, "d"));
  EXPECT_EQ(TextOf(queue), "abcd");
}

TEST(CBlockQueueTest, AMoveLeavesNothingBehind) {
  CBufferPool pool;
  CBlockQueue queue;
  queue.PushBack(Holding(pool, "a"));
  CBlockQueue taken(std::move(queue));
  EXPECT_TRUE(queue.IsEmpty());
  queue.PushBack(Holding(pool, "b"));
  taken = std::move(queue);
  EXPECT_EQ(TextOf(taken), "b");
  EXPECT_TRUE(queue.IsEmpty());
  taken.Clear();
  EXPECT_TRUE(taken.IsEmpty());
}

}  // namespace
}  // namespace switchboard
