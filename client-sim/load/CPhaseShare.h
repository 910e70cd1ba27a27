#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "client-sim/load/CPacer.h"
#include "client-sim/load/Phase.h"

namespace switchboard::sim {

// What one driver of several may still send in a phase: how many requests, until when, and by which timetable.
// Threads: one.
class CPhaseShare {
 public:
  // Begins a phase at `startNs`, as driver `index` of `drivers`. Until then, nothing may be sent.
  void Begin(const SPhase& phase, uint32_t index, uint32_t drivers, uint32_t seed, uint64_t startNs) {
    m_startNs = startNs;
    m_endNs = startNs + phase.durationNs;
    m_left = UINT64_MAX;
    if (phase.requests != 0) m_left = phase.requests / drivers + (index < phase.requests % drivers ? 1 : 0);
    m_pacer.reset();
    if (phase.rate > 0) m_pacer.emplace(CPacer::SPlan{phase.rate, phase.rampNs, phase.isPoisson, index, drivers, seed});
  }
  // It ends now, if it hasn't yet: arrivals after that aren't this phase's any more.
  void End(uint64_t nowNs) { m_endNs = std::min(m_endNs, nowNs); }

  uint64_t EndNs() const { return m_endNs; }
  // Requests that may still be sent, or in an open loop become due.
  uint64_t Left() const { return m_left; }

  bool IsOpenLoop() const { return m_pacer.has_value(); }
  // When the next request is meant to leave; UINT64_MAX in a closed loop, and when there is none.
  uint64_t NextArrivalNs() const {
    if (!m_pacer || m_left == 0) return UINT64_MAX;
    const uint64_t nextNs = m_startNs + m_pacer->NextNs();
    return nextNs <= m_endNs ? nextNs : UINT64_MAX;
  }
  // That one is due now, and somebody's.
  void TakeArrival() {
    m_pacer->Advance();
    --m_left;
  }
  // A closed loop sends so many, at most Left.
  void Spend(uint64_t requests) { m_left -= requests; }

 private:
  std::optional<CPacer> m_pacer;  // of an open loop
  uint64_t m_startNs = 0;
  uint64_t m_endNs = 0;
  uint64_t m_left = 0;
};

}  // namespace switchboard::sim
