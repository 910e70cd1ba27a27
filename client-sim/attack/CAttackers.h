#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "client-sim/attack/AttackKind.h"
#include "client-sim/attack/AttackOutcome.h"
#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CTimerQueue.h"
#include "misc/CClock.h"
#include "misc/CFd.h"
#include "misc/CWakeup.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// Attacks a server in one way, on one epoll, until it is told to stop. An attacker whose connection has ended comes
// back; together they make kMaxConnections attempts at most.
// Threads: Run on its own; Stop by any; Outcome once Run has returned.
class CAttackers {
 public:
  static constexpr uint64_t kMaxConnections = 10'000;

  // `count` attackers. Throws std::system_error.
  CAttackers(const SAttackKind& kind, uint32_t count, const CEndpoint& server, const CClock& clock, uint32_t seed);
  CAttackers(const CAttackers&) = delete;
  CAttackers& operator=(const CAttackers&) = delete;

  // The body of the thread.
  void Run();
  void Stop();
  const SAttackOutcome& Outcome() const { return m_outcome; }

 private:
  struct SAttacker {
    CFd fd;
    bool isConnecting = false;
    size_t sentBytes = 0;  // of the bytes of the kind
    uint64_t dueNs = 0;    // when to go on; timers before that are stale
    CFrameDecoder decoder;
  };

  void WaitAndHandle();
  void HandleEvent(SAttacker& attacker, uint32_t events);
  void Open(SAttacker& attacker);
  void Send(SAttacker& attacker);
  void SendFailed(SAttacker& attacker, int error);
  // All bytes have gone.
  void SayFarewell(SAttacker& attacker);
  // Returns false when the connection has ended.
  bool Read(SAttacker& attacker);
  void NoteRejects(std::span<const std::byte> frames);
  void GoOnAfter(SAttacker& attacker, uint64_t pauseNs);
  // Counts an end, and lets the attacker come back.
  void End(SAttacker& attacker, uint64_t& counter);
  void Watch(SAttacker& attacker, int operation, bool isSending);

  const SAttackKind& m_kind;
  const std::vector<std::byte> m_bytes;
  const CEndpoint& m_server;
  const CClock& m_clock;
  CWakeup m_wakeup;
  std::atomic<bool> m_isStopped{false};
  CFd m_epoll;
  std::deque<SAttacker> m_attackers;
  CTimerQueue<SAttacker> m_timers;
  std::vector<std::byte> m_in;
  uint64_t m_attempts = 0;  // to connect
  SAttackOutcome m_outcome;
};

}  // namespace switchboard::sim
