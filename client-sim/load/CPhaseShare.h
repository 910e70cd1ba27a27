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
  // Begins a phase at `start`, as driver `index` of `drivers`. Until then, nothing may be sent.
  void Begin(const SPhase& phase, uint32_t index, uint32_t drivers, uint32_t seed, MonotonicTime start) {
    m_start = start;
    m_end = start + phase.duration;
    m_left = UINT64_MAX;
    if (phase.requests != 0) m_left = phase.requests / drivers + (index < phase.requests % drivers ? 1 : 0);
    m_pacer.reset();
    if (phase.rate > 0) m_pacer.emplace(CPacer::SPlan{phase.rate, phase.ramp, phase.isPoisson, index, drivers, seed});
  }
  // It ends now, if it hasn't yet: arrivals after that aren't this phase's any more.
  void EndAt(MonotonicTime now) { m_end = std::min(m_end, now); }

  MonotonicTime End() const { return m_end; }
  // Requests that may still be sent, or in an open loop become due.
  uint64_t Left() const { return m_left; }

  bool IsOpenLoop() const { return m_pacer.has_value(); }
  // When the next request is meant to leave; kNever in a closed loop, and when there is none.
  MonotonicTime NextArrival() const {
    if (!m_pacer || m_left == 0) return kNever;
    const MonotonicTime next = m_start + m_pacer->Next();
    return next <= m_end ? next : kNever;
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
  MonotonicTime m_start;
  MonotonicTime m_end;
  uint64_t m_left = 0;
};

}  // namespace switchboard::sim
