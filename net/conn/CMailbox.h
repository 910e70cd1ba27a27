#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "misc/CBufferPool.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// What handlers of one connection have yet to see, in arrival order: its opening, blocks of whole requests, its end.
//
//   idle ──Post──> scheduled ──Take … Leave──> idle          scheduled: in a run queue or being run, once
//                      └──Block──> blocked ──EndDeferral──> scheduled     blocked: a deferred answer is awaited
//
// What returns true obliges the caller to put the connection in the run queue.
class CMailbox {
 public:
  // What the next turn has to do, one of the three; nothing when all is false.
  struct SPiece {
    bool isOpening = false;
    BlockPtr p_block;
    bool isEnd = false;
  };
  enum class ELeft : uint8_t {
    kMore,       // more waits: the connection goes back to the run queue
    kIdle,       //
    kReadAwaits  // idle, and sb-io waits to hear that (AwaitTurn)
  };
  struct SCancelled {
    uint32_t count = 0;
    bool isRunnable = false;  // as a true of the others
  };

  // Makes the mailbox that of a new connection. Threads: sb-io.
  void Open(uint32_t generation);
  // The first thing that a connection posts, if it does. Threads: sb-io.
  bool PostOpening();
  // Counts a block of so many requests that is about to be posted. True when nothing waited or ran.
  // Threads (the next two): sb-io.
  bool Charge(const CBlock& block, uint32_t requests) {
    return m_load.fetch_add(LoadOf(block.Memory(), requests), std::memory_order_seq_cst) >> 32 == 0;
  }
  bool Post(BlockPtr p_block);
  // The last thing that a connection posts. Threads: sb-io.
  bool PostEnd();
  // No handler runs or waits, and none will before sb-io posts again. Threads: sb-io; to others it's a glance.
  bool IsIdle() const { return (m_state.load(std::memory_order_acquire) & kScheduled) == 0; }
  // As !IsIdle; when true, the turn that ends what waits tells of it. Threads: sb-io.
  bool AwaitTurn();
  // The memory of the blocks that wait or run, and the requests in them. Threads: any.
  uint32_t Bytes() const { return static_cast<uint32_t>(m_load.load(std::memory_order_seq_cst)); }
  uint32_t Requests() const { return static_cast<uint32_t>(m_load.load(std::memory_order_seq_cst) >> 32); }

  // Threads (the next five): whoever runs the turn, between being scheduled and Leave or Block.
  SPiece Take();
  // Puts back what a turn left over.
  void PutBack(BlockPtr p_block);
  // Takes `memory` (of a block that is gone, else 0) and requests that were run off the account. True when no request
  // is left in it.
  bool Done(size_t memory, uint32_t requests) {
    const uint64_t load = LoadOf(memory, requests);
    return m_load.fetch_sub(load, std::memory_order_seq_cst) >> 32 == requests;
  }
  // Ends the turn.
  ELeft Leave();
  // Ends a turn that a deferral holds; true when the answer has come meanwhile and the turn goes on.
  bool Block();

  // A handler leaves an answer for later; the number names it in this life of the connection. `isHolding`: what came
  // after the request waits for that answer. `p_kept`, the request's block if it is still needed then, is kept, and
  // stays on the account, until the deferral is gone; only where it is holding. Threads: whoever runs the turn.
  uint32_t BeginDeferral(bool isHolding, std::shared_ptr<const CBlock> p_kept = nullptr);
  // Claims the right to answer a deferred request: false when the connection or the deferral is gone. Exactly one
  // caller is told true. Threads: any.
  bool ClaimDeferral(uint32_t generation, uint32_t number);
  // After ClaimDeferral, when the answer is on its way. Threads: as the claim.
  bool EndDeferral(uint32_t generation, uint32_t number);
  // Gives up all deferrals that nobody has claimed. Threads: any.
  SCancelled CancelDeferrals(uint32_t generation);

 private:
  struct SDeferral {
    uint32_t number;
    bool isHolding;
    bool isClaimed;
    std::shared_ptr<const CBlock> p_kept;
  };
  // The state: a turn that has found all that was posted ends with one exchange; whoever posts, under the lock, sets
  // kPending, and the turn looks again.
  static constexpr uint32_t kScheduled = 1;
  static constexpr uint32_t kPending = 2;       // something may wait to be taken
  static constexpr uint32_t kReadAwaiting = 4;  // sb-io waits for the end of the turns

  // Both in one word, so that counting the requests costs nothing: memory below, which stays under 4 GiB.
  static constexpr uint64_t LoadOf(size_t memory, uint32_t requests) { return uint64_t{requests} << 32 | memory; }
  bool Schedule() REQUIRES(m_mutex);
  bool HasWork() const REQUIRES(m_mutex) { return m_isOpening || !m_blocks.IsEmpty() || IsEndDue(); }
  // Whether the end may be handled now: answers that are still to come, come before it.
  bool IsEndDue() const REQUIRES(m_mutex) { return m_isEnd && m_deferrals.empty(); }
  // Gives out what it has kept: that must not die under the lock.
  std::shared_ptr<const CBlock> TakeKept(SDeferral& deferral) REQUIRES(m_mutex);
  // What a deferral that is gone makes possible.
  bool GoOn(bool wasHolding) REQUIRES(m_mutex);

  std::atomic<uint32_t> m_state{0};
  CMutex m_mutex;
  std::atomic<uint64_t> m_load{0};
  CBlockQueue m_blocks GUARDED_BY(m_mutex);
  std::vector<SDeferral> m_deferrals GUARDED_BY(m_mutex);  // whose answers are still to come
  uint32_t m_lastDeferral GUARDED_BY(m_mutex) = 0;
  uint32_t m_generation GUARDED_BY(m_mutex) = 0;
  bool m_isOpening GUARDED_BY(m_mutex) = false;
  bool m_isEnd GUARDED_BY(m_mutex) = false;
  bool m_isHeld GUARDED_BY(m_mutex) = false;     // by a deferral
  bool m_isBlocked GUARDED_BY(m_mutex) = false;  // held, and the turn was left
};

}  // namespace switchboard
