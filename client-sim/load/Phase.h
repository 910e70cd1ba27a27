#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client-sim/load/CPacer.h"
#include "client-sim/load/RunResult.h"

namespace switchboard::sim {

// A part of a run, as all drivers are told it.
struct SPhase {
  EPhaseKind kind = EPhaseKind::kLoad;
  std::string name = "load";
  double rate = 0;  // requests per second of all drivers; 0: closed loop
  bool isPoisson = false;
  uint64_t rampNs = 0;  // over which the rate, or in a closed loop the number of busy connections, grows
  uint64_t durationNs = 0;
  uint64_t requests = 0;    // of all drivers, after which it ends as well; 0: no limit
  uint64_t overtimeNs = 0;  // after its end, for sending what is overdue; the rest is dropped and counted as unsent
};

}  // namespace switchboard::sim
