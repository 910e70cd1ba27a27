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
#include "client-sim/base/CEventLoop.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CWakeup.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// Attacks a server in one way, on one event loop, until it is told to stop. An attacker whose connection has ended
// comes back; together they make kMaxConnections attempts at most.
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
  struct SAttacker final : CEventHandler {
    explicit SAttacker(CAttackers& owner) : attackers(owner) {}
    void OnEvents(uint32_t events) override { attackers.HandleEvent(*this, events); }
    void OnTime() override { attackers.HandleTime(*this); }

    CAttackers& attackers;
    CFd fd;
    bool isConnecting = false;
    size_t sentBytes = 0;  // of the bytes of the kind
    MonotonicTime due;     // when to go on; timers before that are stale
    CFrameDecoder decoder;
  };

  void HandleEvent(SAttacker& attacker, uint32_t events);
  void HandleTime(SAttacker& attacker);
  void Open(SAttacker& attacker);
  void Send(SAttacker& attacker);
  void SendFailed(SAttacker& attacker, int error);
  // All bytes have gone.
  void SayFarewell(SAttacker& attacker);
  // Returns false when the connection has ended.
  bool Read(SAttacker& attacker);
  void NoteRejects(std::span<const std::byte> frames);
  void GoOnAfter(SAttacker& attacker, Nanoseconds pause);
  // Counts an end, and lets the attacker come back.
  void End(SAttacker& attacker, uint64_t& counter);
  uint32_t EventsFor(const SAttacker& attacker, bool isSending) const;
  void Watch(SAttacker& attacker, bool isSending);

  const SAttackKind& m_kind;
  const std::vector<std::byte> m_bytes;
  const CEndpoint& m_server;
  CWakeup m_wakeup;
  std::atomic<bool> m_isStopped{false};
  CEventLoop m_loop;
  CEventCallback m_onWakeup{[this] { m_wakeup.Clear(); }};
  std::deque<SAttacker> m_attackers;
  std::vector<std::byte> m_in;
  uint64_t m_attempts = 0;  // to connect
  SAttackOutcome m_outcome;
};

}  // namespace switchboard::sim
