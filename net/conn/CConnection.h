#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "misc/CBufferPool.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"
#include "net/conn/CFloodGuard.h"
#include "net/conn/CInput.h"
#include "net/conn/CMailbox.h"
#include "net/conn/COutbox.h"
#include "net/conn/CSession.h"
#include "net/conn/CUserState.h"
#include "net/conn/SPeer.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Where a connection is in its life. It only moves right, and may skip.
//
//   free ─accept─> open ──> draining ──> flushing ──> aborting ──> closed ─cool-down─> free, generation + 1
//                            │            │            │            └ the socket is closed, nobody is spoken to
//                            │            │            └ nothing more is handled or sent
//                            │            └ nothing more is handled; what is queued is sent
//                            └ nothing more is read; what was read is handled, answered and sent
enum class EPhase : uint8_t { kFree, kOpen, kDraining, kFlushing, kAborting, kClosed };

class CProtocol;

// What sb-io alone touches of a connection: its reading.
// Threads: sb-io.
struct SReadHalf {
  CFloodGuard floodGuard;
  std::unique_ptr<CInput> p_input;  // the protocol's; nullptr between requests
  bool isDetached = false;          // from epoll; nothing is read any more
  bool isResting = false;           // nothing is read until it is resumed
  bool isLingering = false;         // what comes is dropped, until the peer ends it
  bool isBehind = false;            // what came while it rested isn't read yet
  size_t inputBytes = 0;            // the memory of p_input, as it was counted last
};

// What the handlers' side keeps of a connection.
// Threads: whoever runs the connection's turn; p_runNext is guarded by the lock of the queue that it is in.
struct STurnHalf {
  std::unique_ptr<CUserState> p_state;
  CConnection* p_runNext = nullptr;
};

// What goes with the right to write to the socket.
// Threads: the owner of the write half (COutbox).
struct SWriteHalf {
  CBlockQueue sending;  // what sb-send is about to write, before the outbox's queue
  bool isInSendEpoll = false;
  bool isCorked = false;   // TCP_CORK is on, between the pieces of a large file
  bool isWatched = false;  // sb-io knows that the peer doesn't take all at once
};

// How far the end of a connection has come.
// Threads: sb-recycle.
struct SRecycling {
  bool isReadHalfDone = false;
  bool isHandlingDone = false;
  bool isFlushTimed = false;
  bool isLingering = false;
  uint64_t sentAtFlushLook = 0;
};

// One slot of the pool and the connection that lives in it: what anyone may ask it, and a struct for each owner of a
// part. The address is stable, and the memory stays while threads run: whoever holds a CSession may look, and is told
// "gone".
class CConnection {
 public:
  enum class EClose : uint8_t { kGone, kTooLate, kAsked };

  // Begins a new life, whose clients speak `protocol`. Threads: sb-io.
  void Open(CFd fd, const SPeer& peer, MonotonicTime now, CProtocol& protocol, uint16_t listener = 0);

  // ---- anyone
  // The session of the life that goes on now.
  CSession Session() const { return {worker, slot, GenerationOf(m_state.load(std::memory_order_acquire))}; }
  uint32_t Generation() const { return GenerationOf(m_state.load(std::memory_order_acquire)); }
  EPhase Phase() const { return PhaseOf(m_state.load(std::memory_order_seq_cst)); }
  ECloseReason Reason() const { return ReasonOf(m_state.load(std::memory_order_acquire)); }
  // Its handlers run and their answers are taken.
  bool IsAnswering() const {
    const EPhase phase = Phase();
    return phase == EPhase::kOpen || phase == EPhase::kDraining;
  }
  // Moves on to `phase`, if this is still life `generation` and the phase is a later one; the first reason stays.
  EClose MoveTo(EPhase phase, ECloseReason reason, uint32_t generation);
  void Touch(MonotonicTime now) { m_lastActive.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  MonotonicTime LastActive() const {
    return MonotonicTime(MonotonicTime::duration(m_lastActive.load(std::memory_order_relaxed)));
  }
  MonotonicTime OpenedAt() const {
    return MonotonicTime(MonotonicTime::duration(m_openedAt.load(std::memory_order_relaxed)));
  }
  // The peer of life `generation`; nullopt when that is over.
  std::optional<SPeer> Peer(uint32_t generation) const;
  // The bytes of an SPeer, for the life that goes on now.
  std::array<uint64_t, 3> PeerWords() const {
    return {m_peer[0].load(std::memory_order_acquire), m_peer[1].load(std::memory_order_acquire),
            m_peer[2].load(std::memory_order_acquire)};
  }
  // The next two are those of the life that goes on now: what is done with them is checked by its generation.
  CProtocol& Protocol() const { return *m_p_protocol.load(std::memory_order_relaxed); }
  // The index of the [[listener]] that accepted it.
  uint16_t Listener() const { return m_listener.load(std::memory_order_relaxed); }
  // Bytes that its socket took in this life, and a bit of the lives before. Written by the owner of the write half.
  uint64_t SentBytes() const { return m_sentBytes.load(std::memory_order_relaxed); }
  void CountSent(uint64_t bytes) { m_sentBytes.store(SentBytes() + bytes, std::memory_order_relaxed); }
  CMailbox mailbox;
  COutbox outbox;
  std::atomic<bool> isReadPaused{false};  // too much of it is in the server (CFlowControl)
  // Of the memory of what is unsent, while it's read. Written by sb-io when it opens.
  std::atomic<uint32_t> mostUnsent{UINT32_MAX};

  // ---- constant once made
  uint32_t worker = 0;
  uint32_t slot = 0;

  // ---- each with its owner
  SReadHalf read;
  STurnHalf turn;
  SWriteHalf write;
  SRecycling recycling;
  // The socket: closed by sb-recycle alone, once the read half and the write half are nobody's.
  CFd fd;

  // ---- the pool
  CConnection* p_freeNext = nullptr;
  // Ends the life: the next one has the next generation. Threads: sb-recycle.
  void EndLife();

 private:
  static constexpr uint64_t Pack(uint32_t generation, ECloseReason reason, EPhase phase) {
    return uint64_t{generation} << 32 | uint64_t{static_cast<uint8_t>(reason)} << 8 | static_cast<uint8_t>(phase);
  }
  static uint32_t GenerationOf(uint64_t state) { return static_cast<uint32_t>(state >> 32); }
  static ECloseReason ReasonOf(uint64_t state) { return static_cast<ECloseReason>(state >> 8 & 0xff); }
  static EPhase PhaseOf(uint64_t state) { return static_cast<EPhase>(state & 0xff); }

  // Generation, close reason and phase change together, so that no close can hit the slot's next life.
  std::atomic<uint64_t> m_state{Pack(1, ECloseReason::kPeerClosed, EPhase::kFree)};
  std::atomic<int64_t> m_lastActive{0};
  std::atomic<int64_t> m_openedAt{0};
  std::atomic<uint64_t> m_sentBytes{0};
  std::atomic<CProtocol*> m_p_protocol{nullptr};
  std::atomic<uint16_t> m_listener{0};
  // The bytes of an SPeer, in words: whoever asks about a session that ends just then must get no mixture.
  std::array<std::atomic<uint64_t>, 3> m_peer{};
};

}  // namespace switchboard
