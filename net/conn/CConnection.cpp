#include "net/conn/CConnection.h"

#include <cstring>
#include <type_traits>
#include <utility>

#include "net/conn/CTransport.h"

namespace switchboard {

void CConnection::Open(CFd socket, const SPeer& from, MonotonicTime now, CProtocol& protocol, uint16_t listener) {
  fd = std::move(socket);
  m_socket.store(fd.Get(), std::memory_order_relaxed);
  std::array<uint64_t, 3> words{};
  static_assert(sizeof(SPeer) <= sizeof(words) && std::is_trivially_copyable_v<SPeer>);
  std::memcpy(words.data(), &from, sizeof(from));
  for (size_t i = 0; i < words.size(); ++i) m_peer[i].store(words[i], std::memory_order_release);
  m_openedAt.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  Touch(now);
  m_listener.store(listener, std::memory_order_relaxed);
  m_p_protocol.store(&protocol, std::memory_order_relaxed);
  isReadPaused.store(false, std::memory_order_relaxed);
  read.floodGuard.Reset();
  read.isDetached = read.isResting = read.isLingering = read.isBehind = false;
  read.inputBytes = 0;
  write.isInSendEpoll = write.isInFileEpoll = write.isCorked = write.isWatched = false;
  recycling = {};
  const uint32_t generation = Generation();
  mailbox.Open(generation);
  outbox.Open(generation);
  m_state.store(Pack(generation, ECloseReason::kPeerClosed, EPhase::kOpen), std::memory_order_seq_cst);
}

uint64_t CConnection::UntakenBytes() const { return CTransport::UnsentBytes(m_socket.load(std::memory_order_relaxed)); }

std::optional<SPeer> CConnection::Peer(uint32_t generation) const {
  const std::array<uint64_t, 3> words = PeerWords();
  // A later life writes the words after it has moved the generation on, so an unmoved one vouches for them.
  if (Generation() != generation) return std::nullopt;
  SPeer peer;
  std::memcpy(static_cast<void*>(&peer), words.data(), sizeof(peer));
  return peer;
}

CConnection::EClose CConnection::MoveTo(EPhase phase, ECloseReason reason, uint32_t generation) {
  uint64_t state = m_state.load(std::memory_order_seq_cst);
  for (;;) {
    const EPhase now = PhaseOf(state);
    if (GenerationOf(state) != generation || now == EPhase::kFree || now == EPhase::kClosed) return EClose::kGone;
    if (phase <= now) return EClose::kTooLate;
    const ECloseReason kept = now == EPhase::kOpen ? reason : ReasonOf(state);
    if (m_state.compare_exchange_weak(state, Pack(generation, kept, phase), std::memory_order_seq_cst)) {
      return EClose::kAsked;
    }
  }
}

void CConnection::EndLife() {
  uint32_t next = Generation() + 1;
  if (next == 0) next = 1;  // 0 names nobody
  m_state.store(Pack(next, ECloseReason::kPeerClosed, EPhase::kFree), std::memory_order_seq_cst);
}

}  // namespace switchboard
