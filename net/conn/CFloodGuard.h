#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "misc/thread/CClock.h"

namespace switchboard {

// Says whether a connection sends more packets than its rate and burst allow: a token bucket in one time stamp.
// Source: the generic cell rate algorithm, ITU-T I.371, in its virtual-scheduling form.
// Threads: one owner at a time.
class CFloodGuard {
 public:
  // A full bucket: `burst` packets may come at once.
  void Reset() { m_emptyAt = {}; }
  // From now on what comes isn't looked at.
  void BeginBacklog(MonotonicTime now) { m_emptyAt = std::max(m_emptyAt, now); }
  // Takes `packets` tokens; false when the bucket held fewer. `packetsPerSecond` and `burst` are at least 1. They may
  // have come at any time from `since` on, because nobody looked: MonotonicTime::min() is since BeginBacklog.
  bool Admit(uint32_t packets, MonotonicTime since, MonotonicTime now, uint32_t packetsPerSecond, uint32_t burst) {
    const std::chrono::nanoseconds perPacket{std::chrono::nanoseconds{std::chrono::seconds{1}} / packetsPerSecond};
    const MonotonicTime next = std::max(m_emptyAt, since) + perPacket * packets;
    if (next - now > perPacket * burst) return false;
    m_emptyAt = next;
    return true;
  }
  // The same, for who looked at the clock before he read: stopped in between, he has read what came meanwhile. So a
  // flood is judged by `clock` as it is after the reading.
  template <class Clock>
  bool AdmitRead(uint32_t packets, MonotonicTime since, MonotonicTime now, const Clock& clock,
                 uint32_t packetsPerSecond, uint32_t burst) {
    return Admit(packets, since, now, packetsPerSecond, burst) ||
           Admit(packets, since, clock.Now(), packetsPerSecond, burst);
  }

 private:
  MonotonicTime m_emptyAt;  // when all tokens taken so far will have been earned
};

}  // namespace switchboard
