#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "misc/CBufferPool.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// The write half of one connection: who may write to the socket, and the bytes that wait for it.
//
// It has one owner at a time. A direct owner writes once and leaves; sb-send owns it while anything is queued, or
// sb-file, once sb-send has passed it on; once closed it is nobody's. Only the owner may touch the socket's sending
// side, so the descriptor can't be closed under it.
class COutbox {
 public:
  enum class EOwn : uint8_t {
    kOwned,  // the caller owns the write half
    kBusy,   // somebody else does, and sees to what is queued
    kGone    // closed, or another connection's by now
  };
  enum class EAppend : uint8_t {
    kQueued,    // the owner will send it
    kHandOver,  // queued, and the write half now is sb-send's: post the connection to it
    kOverflow,  // refused: more than the limit would be queued
    kGone       // refused: closed, or another connection's by now
  };
  enum class EEnd : uint8_t {
    kReleased,  // nobody's
    kAwaited,   // nobody's, and sb-recycle waits to hear that
    kMore       // sb-send's, or still sb-file's: there is something to send; after a direct write, post the connection
  };

  // Threads: sb-io, for a new connection.
  void Open(uint32_t generation);

  // Takes the write half for one direct write.
  EOwn TryOwn(uint32_t generation);
  // Appends to what is queued without taking more memory; false when there is no room, or nobody to send it.
  bool Join(uint32_t generation, std::span<const std::byte> bytes);
  // Queues `p_block`, its bytes and then its part of a file. `limit` bounds the queue, in bytes of CBlock::Memory; one
  // block of no more bytes than that is taken whatever memory it has.
  EAppend Append(uint32_t generation, BlockPtr p_block, uint32_t limit);
  // Ends a direct write that wrote everything.
  EEnd EndDirect() {
    uint64_t state = m_state.load(std::memory_order_relaxed);
    if ((state & (kQueued | kAwaited)) == 0 &&
        m_state.compare_exchange_strong(state, state & ~kDirect, std::memory_order_acq_rel)) [[likely]] {
      return EEnd::kReleased;
    }
    return EndDirect(nullptr);
  }
  // The same; `p_rest` (may be null) is what it could not write, and comes before what is queued.
  EEnd EndDirect(BlockPtr p_rest);

  // True when sb-send owns it; sb-file. Threads: those two.
  bool IsSenders() const { return (m_state.load(std::memory_order_acquire) & (kSender | kFiles)) == kSender; }
  bool IsFileSenders() const { return (m_state.load(std::memory_order_acquire) & kFiles) != 0; }
  // Makes it sb-file's, until that lets go. Threads: sb-send, which owns it, and touches it no more then.
  void PassToFiles() {
    Change([](uint64_t state) { return state | kFiles; });
  }
  // Threads (the next three): of the two, the one that owns it.
  // Moves what is queued behind `to`; false when the outbox was closed.
  bool TakeQueued(CBlockQueue& to);
  // Takes `bytes` (of CBlock::Memory) of blocks that were sent or dropped off the account.
  void Done(size_t bytes) { m_bytes.fetch_sub(static_cast<uint32_t>(bytes), std::memory_order_seq_cst); }
  // Lets go if nothing is queued (or it was closed).
  EEnd EndSending();

  // Threads (the next two): sb-recycle. When they return false, the owner hears kAwaited when it lets go.
  // Refuses and drops everything from now on. True when nobody owns it (any more), so the socket may be closed.
  bool Close();
  // Nothing is queued and nobody owns it.
  bool IsDrained();

  // The memory of the blocks that are queued or in the hands of their sender. Threads: any.
  uint32_t Bytes() const { return m_bytes.load(std::memory_order_seq_cst); }

 private:
  // The state: the generation, and these. A direct write that meets nobody takes and gives back the write half with one
  // exchange each; the lock is for the queue, so kQueued changes under it alone.
  static constexpr uint64_t kDirect = 1;   // a direct owner
  static constexpr uint64_t kSender = 2;   // sb-send owns it …
  static constexpr uint64_t kQueued = 4;   // the queue isn't empty
  static constexpr uint64_t kAwaited = 8;  // sb-recycle waits for the owner
  static constexpr uint64_t kClosed = 16;
  static constexpr uint64_t kFiles = 32;  // … or with this besides, sb-file does

  static bool IsNobodys(uint64_t state) { return (state & (kDirect | kSender)) == 0; }
  static bool IsGone(uint64_t state, uint32_t generation) {
    return (state & kClosed) != 0 || state >> 32 != generation;
  }
  // Replaces the state by `next(state)`; returns what it was.
  template <class Next>
  uint64_t Change(Next next) {
    uint64_t state = m_state.load(std::memory_order_acquire);
    while (!m_state.compare_exchange_weak(state, next(state), std::memory_order_acq_rel)) {
    }
    return state;
  }
  EEnd Release() REQUIRES(m_mutex);

  std::atomic<uint32_t> m_bytes{0};
  CMutex m_mutex;
  std::atomic<uint64_t> m_state{kClosed};
  CBlockQueue m_queue GUARDED_BY(m_mutex);
};

}  // namespace switchboard
