#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"
#include "net/conn/CMailbox.h"
#include "net/conn/COutbox.h"
#include "net/conn/CSession.h"
#include "net/conn/SConnectionParts.h"
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
  // Bytes that the kernel has for the peer and the peer hasn't taken; what is sent less these is what it has. The
  // number of the socket may be another one's by the time that it is asked about: whoever acts upon the answer names
  // the life that it means, and that is over then. Threads: any.
  uint64_t UntakenBytes() const;
  uint64_t TakenBytes() const { return SentBytes() - std::min(SentBytes(), UntakenBytes()); }
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
  // ---- the pool
  CConnection* p_freeNext = nullptr;
  // Ends the life: the next one has the next generation. Threads: sb-recycle.
  void EndLife();

  // The socket: closed by sb-recycle alone, once the read half and the write half are nobody's.
  CFd fd;

 private:
  static constexpr uint64_t Pack(uint32_t generation, ECloseReason reason, EPhase phase) {
    return uint64_t{generation} << 32 | uint64_t{static_cast<uint8_t>(reason)} << 8 | static_cast<uint8_t>(phase);
  }
  static uint32_t GenerationOf(uint64_t state) { return static_cast<uint32_t>(state >> 32); }
  static ECloseReason ReasonOf(uint64_t state) { return static_cast<ECloseReason>(state >> 8 & 0xff); }
  static EPhase PhaseOf(uint64_t state) { return static_cast<EPhase>(state & 0xff); }

  // Here the two cost nothing: an idle connection is mostly this object.
  std::atomic<uint16_t> m_listener{0};
  std::atomic<int> m_socket{-1};
  // Generation, close reason and phase change together, so that no close can hit the slot's next life.
  std::atomic<uint64_t> m_state{Pack(1, ECloseReason::kPeerClosed, EPhase::kFree)};
  std::atomic<int64_t> m_lastActive{0};
  std::atomic<int64_t> m_openedAt{0};
  std::atomic<uint64_t> m_sentBytes{0};
  std::atomic<CProtocol*> m_p_protocol{nullptr};
  // The bytes of an SPeer, in words: whoever asks about a session that ends just then must get no mixture.
  std::array<std::atomic<uint64_t>, 3> m_peer{};
};

}  // namespace switchboard
