#pragma once

#include <cstdint>

#include "client-sim/base/CRing.h"
#include "client-sim/base/Time.h"

namespace switchboard::sim {

// A request that waits for its reply.
struct SPending {
  MonotonicTime start;  // when it was meant to leave; its latency counts from here
  uint32_t frameBytes = 0;
  uint8_t message = 0;      // index into the workload
  bool isMirrored = false;  // as CMessage says
  bool isAnswered = false;
};
static_assert(sizeof(SPending) == 16);

// The requests of one connection in the order of sending, numbered by their sequence.
using CPendingRing = CRing<SPending>;

}  // namespace switchboard::sim
