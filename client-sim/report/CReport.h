#pragma once

#include <string>

#include "client-sim/client/CLedger.h"
#include "client-sim/load/RunResult.h"
#include "client-sim/options/COptions.h"

namespace switchboard::sim {

// Puts results into words for a terminal.
// Threads: any; stateless.
class CReport {
 public:
  // The first line of a run.
  static std::string Heading(const SRunOptions& options);
  // One second of a run, with what was counted since its start.
  static std::string LiveLine(const SSecond& second, const CLedger& totals);
  // A phase that is over.
  static std::string PhaseLine(const SPhaseResult& phase);
  // The tables at the end, with the first offenders if there are any.
  static std::string Table(const SRunResult& result);
};

}  // namespace switchboard::sim
