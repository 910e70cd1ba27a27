#include "net/conn/CConnection.h"

#include <arpa/inet.h>

#include <cstring>
#include <type_traits>
#include <utility>

namespace switchboard {

SPeer SPeer::From(const sockaddr_storage& address) {
  SPeer peer;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    peer.address.s6_addr[10] = peer.address.s6_addr[11] = 0xff;
    std::memcpy(&peer.address.s6_addr[12], &v4.sin_addr, sizeof(v4.sin_addr));
    peer.port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    peer.address = v6.sin6_addr;
    peer.port = ntohs(v6.sin6_port);
  }
  return peer;
}

std::string SPeer::ToString() const {
  char text[INET6_ADDRSTRLEN];
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof(text));
    return std::string(text) + ':' + std::to_string(port);
  }
  inet_ntop(AF_INET6, &address, text, sizeof(text));
  return '[' + std::string(text) + "]:" + std::to_string(port);
}

void CConnection::Open(CFd socket, const SPeer& from, MonotonicTime now, const SListenerOf& listener) {
  fd = std::move(socket);
  std::array<uint64_t, 3> words{};
  static_assert(sizeof(SPeer) <= sizeof(words) && std::is_trivially_copyable_v<SPeer>);
  std::memcpy(words.data(), &from, sizeof(from));
  for (size_t i = 0; i < words.size(); ++i) m_peer[i].store(words[i], std::memory_order_release);
  m_openedAt.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  Touch(now);
  m_listener.store(listener.index, std::memory_order_relaxed);
  m_isHttp.store(listener.isHttp, std::memory_order_relaxed);
  floodGuard.Reset();
  isReadPaused.store(false, std::memory_order_relaxed);
  isReadAwaitingTurn.store(false, std::memory_order_relaxed);
  isPartialListed = isDetached = isInSendEpoll = isCorked = isReadHalfDone = isHandlingDone = isFlushTimed =
      isLookedAt = false;
  const uint32_t generation = Generation();
  mailbox.Open(generation, !listener.isHttp);
  outbox.Open(generation);
  m_state.store(Pack(generation, ECloseReason::kPeerClosed, EPhase::kOpen), std::memory_order_seq_cst);
}

std::array<uint64_t, 3> CConnection::PeerWords() const {
  std::array<uint64_t, 3> words;
  for (size_t i = 0; i < words.size(); ++i) words[i] = m_peer[i].load(std::memory_order_acquire);
  return words;
}

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
