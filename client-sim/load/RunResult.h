// What a run has measured, as the reports read it. All times are in the unit that the name says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client-sim/attack/AttackOutcome.h"
#include "client-sim/base/CHistogram.h"
#include "client-sim/client/CLedger.h"
#include "client-sim/options/COptions.h"

namespace switchboard::sim {

// A run is a list of phases; between two of them the connections stay open, and nothing is in flight.
enum class EPhaseKind : uint8_t {
  kWarmup,        // counts in the ledger alone
  kLoad,          // what was asked for
  kStep,          // one rate of --steps
  kTrial,         // one rate that --find-max tried
  kBeforeAttack,  // the honest clients alone, to compare with
  kUnderAttack,   //
};

// One second of a run; the last one of a phase may be shorter.
struct SSecond {
  double at = 0;          // its end, in seconds since the first request of the run
  double length = 0;      // in seconds
  size_t phase = 0;       // index into SRunResult::phases
  double targetRate = 0;  // requests/s that the schedule asked for at its end; 0: closed loop
  uint64_t sent = 0;
  uint64_t replies = 0;
  uint64_t rejects = 0;
  uint64_t faults = 0;
  uint64_t inFlightAtReset = 0;
  uint64_t connections = 0;  // open at its end
  uint64_t p50Ns = 0;        // the latencies of that second alone
  uint64_t p90Ns = 0;
  uint64_t p99Ns = 0;
  uint64_t maxNs = 0;

  // Else the latencies are without a meaning.
  bool IsMeasured() const { return replies != 0; }
};

struct SPhaseResult {
  EPhaseKind kind = EPhaseKind::kLoad;
  std::string name;         // such as "warm-up" or "20000/s"
  double targetRate = 0;    // requests/s; 0: closed loop
  double startSeconds = 0;  // since the first request of the run
  double seconds = 0;       // until the end of sending
  uint64_t sent = 0;
  uint64_t replies = 0;        // right ones, those of the drain included
  uint64_t repliesInTime = 0;  // right ones within `seconds`
  uint64_t rejects = 0;
  uint64_t faults = 0;
  uint64_t inFlightAtReset = 0;
  uint64_t unsent = 0;  // were due by the schedule, but never left
  CHistogram latencies;
  std::optional<bool> isObjectiveMet;  // if there is one
  std::string missed;                  // which were missed, and by how much; else empty
};

struct SRunResult {
  SRunOptions options;
  EExitCode exitCode = kExitOk;
  std::string verdict;         // one line: why the exit code isn't 0; else empty
  CLedger ledger;              // of all phases
  CHistogram latencies;        // of the phases that are measured: all but kWarmup and kBeforeAttack
  double seconds = 0;          // of those, from the first request to the end of sending
  uint64_t repliesInTime = 0;  // of those; right replies within `seconds`
  double cpuSeconds = 0;       // user and system time of this process, from the first request to the last reply
  std::vector<SSecond> series;
  std::vector<SPhaseResult> phases;
  CHistogram reconnectTimes;  // from the loss of a connection until it is open again
  std::vector<SAttackOutcome> attacks;
  double maxRate = 0;  // requests/s; the highest that met the objective; 0: none did, or none was searched
};

}  // namespace switchboard::sim
