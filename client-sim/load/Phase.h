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
  Nanoseconds ramp{};  // over which the rate, or in a closed loop the number of busy connections, grows
  Nanoseconds duration{};
  uint64_t requests = 0;   // of all drivers, after which it ends as well; 0: no limit
  Nanoseconds overtime{};  // after its end, for sending what is overdue; the rest is dropped and counted as unsent
};

}  // namespace switchboard::sim
