#pragma once

#include <atomic>
#include <cstdint>

#include "misc/CBufferPool.h"
#include "misc/CMutex.h"

namespace switchboard {

// What handlers of one connection have yet to see, in arrival order: its opening, blocks of whole frames, its end.
//
//   idle ──Post──> scheduled ──Take … Leave──> idle          scheduled: in the run queue or being run, once
//                      └──Block──> blocked ──Unblock──> scheduled     blocked: a deferred answer is awaited
//
// Posts and Unblock that return true oblige the caller to put the connection in the run queue.
class CMailbox {
 public:
  // What the next turn has to do, one of the three; nothing when all is false.
  struct SPiece {
    bool isOpening = false;
    BlockPtr p_block;
    bool isEnd = false;
  };

  // Makes the mailbox that of a new connection. `hasOpening` posts its opening: schedule it then. Threads: sb-io.
  void Open(uint32_t generation, bool hasOpening = true);
  // Threads: sb-io.
  bool Post(BlockPtr p_block);
  // The last thing that a connection posts. Threads: sb-io.
  bool PostEnd();
  // No handler runs or waits, and none will before sb-io posts again. Threads: sb-io; to others it's a glance.
  bool IsIdle() const { return !m_isScheduled.load(std::memory_order_acquire); }
  // Bytes of blocks that wait or run. Threads: any.
  uint32_t Bytes() const { return m_bytes.load(std::memory_order_seq_cst); }

  // Threads (the next five): whoever runs the turn, between being scheduled and Leave or Block.
  SPiece Take();
  // Puts back what a turn left over.
  void PutBack(BlockPtr p_block);
  // Takes `bytes` off the account; called when a block is done.
  void Done(uint32_t bytes) { m_bytes.fetch_sub(bytes, std::memory_order_seq_cst); }
  // Ends the turn: true when more waits, and the connection goes back to the run queue.
  bool Leave();
  // Ends a turn that deferred its answer; true when the answer has come meanwhile and the turn goes on.
  bool Block();

  // A handler defers the answer of the packet it runs. Threads: whoever runs the turn.
  void BeginDeferral();
  // Claims the right to answer the deferred packet: false when the connection or its deferral is gone. Threads: any.
  bool ClaimDeferral(uint32_t generation);
  // After ClaimDeferral, when the answer is on its way. Threads: as the claim.
  bool Unblock();

 private:
  enum class EDeferral : uint8_t { kNone, kPending, kClaimed };
  bool Schedule() REQUIRES(m_mutex);

  std::atomic<bool> m_isScheduled{false};
  std::atomic<uint32_t> m_bytes{0};
  CMutex m_mutex;
  CBlockQueue m_blocks GUARDED_BY(m_mutex);
  uint32_t m_generation GUARDED_BY(m_mutex) = 0;
  bool m_isOpening GUARDED_BY(m_mutex) = false;
  bool m_isEnd GUARDED_BY(m_mutex) = false;
  bool m_isBlocked GUARDED_BY(m_mutex) = false;
  EDeferral m_deferral GUARDED_BY(m_mutex) = EDeferral::kNone;
};

}  // namespace switchboard
