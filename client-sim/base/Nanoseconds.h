#pragma once

#include <chrono>
#include <cstdint>

#include "misc/CClock.h"

namespace switchboard::sim {

// The time of a clock as timetables and latencies count it: nanoseconds since the clock's own beginning.
inline uint64_t NowNs(const CClock& clock) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock.Now().time_since_epoch()).count());
}

}  // namespace switchboard::sim
