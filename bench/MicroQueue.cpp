// What it costs to hand something over: the inbox of a role, the bounded queue, a mailbox, and blocks of the pool.

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "misc/CBufferPool.h"
#include "misc/thread/CInbox.h"
#include "misc/thread/CQueue.h"
#include "net/conn/CMailbox.h"

namespace {

using switchboard::BlockPtr;
using switchboard::CBufferPool;
using switchboard::CInbox;
using switchboard::CMailbox;
using switchboard::CQueue;

// Posts of a batch, and one Take; the reader is awake, so no system call.
void InboxPostTake(benchmark::State& state) {
  CInbox<uint64_t> inbox;
  std::vector<uint64_t> taken;
  for (auto _ : state) {
    for (int64_t i = 0; i < state.range(0); ++i) inbox.Post(static_cast<uint64_t>(i));
    inbox.Take(taken);
    benchmark::DoNotOptimize(taken.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void QueuePushPopAll(benchmark::State& state) {
  CQueue<uint64_t> queue(1024);
  std::vector<uint64_t> popped;
  for (auto _ : state) {
    for (int64_t i = 0; i < state.range(0); ++i) {
      uint64_t item = static_cast<uint64_t>(i);
      queue.Push(std::move(item));
    }
    queue.PopAll(popped);
    benchmark::DoNotOptimize(popped.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void BufferPoolGetReturn(benchmark::State& state) {
  CBufferPool pool;
  for (auto _ : state) {
    const BlockPtr p_block = pool.Get(static_cast<size_t>(state.range(0)));
    benchmark::DoNotOptimize(p_block.get());
  }
  state.SetItemsProcessed(state.iterations());
}

// The way of one read's block through a mailbox: posted, taken, accounted for, and the turn left.
void MailboxTurn(benchmark::State& state) {
  CBufferPool pool;
  CMailbox mailbox;
  mailbox.Open(1);
  mailbox.Take();
  mailbox.Leave();
  const std::array<std::byte, 64> packet{};
  for (auto _ : state) {
    BlockPtr p_block = pool.Get(packet.size());
    p_block->Append(packet);
    const size_t memory = p_block->Memory();
    benchmark::DoNotOptimize(mailbox.Charge(*p_block, 1));
    benchmark::DoNotOptimize(mailbox.Post(std::move(p_block)));
    const CMailbox::SPiece piece = mailbox.Take();
    benchmark::DoNotOptimize(piece.p_block.get());
    mailbox.Done(memory, 1);
    benchmark::DoNotOptimize(mailbox.Leave());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(InboxPostTake)->ArgName("batch")->Arg(1)->Arg(64);
BENCHMARK(QueuePushPopAll)->ArgName("batch")->Arg(1)->Arg(64);
BENCHMARK(BufferPoolGetReturn)->ArgName("bytes")->Arg(64)->Arg(1024)->Arg(16384);
BENCHMARK(MailboxTurn);

}  // namespace
