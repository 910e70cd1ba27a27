#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/attack/CAttackers.h"
#include "client-sim/base/CEndpoint.h"
#include "client-sim/load/CCrew.h"
#include "client-sim/load/CRunObserver.h"
#include "client-sim/load/CSecondSeries.h"
#include "client-sim/load/Phase.h"
#include "client-sim/load/RunResult.h"
#include "client-sim/message/CBodyPattern.h"
#include "client-sim/scenario/CScenario.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CThread.h"

namespace switchboard::sim {

// One run from the accounts to the verdict: prepares, lets the drivers connect, leads them through its phases, watches,
// and judges.
// Threads: the main thread. SIGINT, SIGTERM and SIGHUP end a run early but in order, a second one without
// waiting for what is due.
class CLoadRun {
 public:
  // Throws std::invalid_argument when the server's address makes no sense, or may not be attacked.
  CLoadRun(const SRunOptions& options, CRunObserver& observer);
  CLoadRun(const CLoadRun&) = delete;
  CLoadRun& operator=(const CLoadRun&) = delete;

  // Once. What can go wrong with the run is in the result's exit code and verdict. Throws CScenarioError.
  SRunResult Execute();

 private:
  // Returns false, with the verdict, when there is nothing to run.
  bool Prepare();
  void BuildScenario();
  bool AwaitReady();

  void RunPhases();
  SPhase PhaseOf(EPhaseKind kind, std::string name, double rate) const;
  void SearchMax();
  void RunUnderAttack();
  // Returns false when the run is to end.
  bool RunPhase(const SPhase& phase);
  void WatchPhase(const SPhase& phase);
  void AddSecond(MonotonicTime now);
  void FinishPhase(SPhaseResult& result) const;

  // Sums up what the drivers and the phases have measured, and judges it.
  void Collect();

  const SRunOptions m_options;
  CRunObserver& m_observer;
  const CEndpoint m_server;
  const CClock m_clock{};
  const CBodyPattern m_pattern;
  CScenario m_scenario;
  CCrew m_crew;
  CSecondSeries m_series;
  SRunResult m_result;
  std::optional<MonotonicTime> m_start;  // of the first phase
  MonotonicTime m_phaseStart;            // of the current one
};

}  // namespace switchboard::sim
