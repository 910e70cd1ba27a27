#pragma once

#include "client-sim/load/RunResult.h"

namespace switchboard::sim {

// Is told how a run goes, while it goes.
// Threads: the one that executes the run calls it.
class CRunObserver {
 public:
  virtual ~CRunObserver() = default;

  // All connections are open, and nothing is sent yet.
  virtual void OnStart(const SRunOptions&) {}
  // `duration` is 0 when its end isn't known.
  virtual void OnPhaseBegin(EPhaseKind, const std::string& /*name*/, double /*targetRate*/, Nanoseconds /*duration*/) {}
  // `totals` is what was counted since the start; its offenders are empty.
  virtual void OnSecond(const SSecond&, const CLedger& /*totals*/) {}
  virtual void OnPhaseEnd(const SPhaseResult&) {}
};

}  // namespace switchboard::sim
