#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client-sim/load/CRunObserver.h"

namespace switchboard::sim {

// Where a live view appears.
struct SLiveOutput {
  std::function<bool(std::string_view)> print;  // false: nobody took it, and nothing has appeared
  std::function<size_t()> columns;              // of the terminal, at the moment; empty if it is none

  // The standard output.
  static SLiveOutput Standard();
};

// Shows a run while it goes: on a terminal a few lines that are redrawn in place each second, elsewhere a line a
// second. A finished step or trial leaves a line behind.
// Threads: the one that executes the run.
class CLiveView final : public CRunObserver {
 public:
  explicit CLiveView(SLiveOutput output) : m_output(std::move(output)) {}

  void OnStart(const SRunOptions& options) override;
  void OnPhaseBegin(EPhaseKind kind, const std::string& name, double targetRate, Nanoseconds duration) override;
  void OnSecond(const SSecond& second, const CLedger& totals) override;
  void OnPhaseEnd(const SPhaseResult& phase) override;

 private:
  bool IsTerminal() const { return m_output.columns != nullptr; }
  void DrawBlock(const SSecond& second, const CLedger& totals);
  std::string TimeLine() const;
  std::string RateLine(const SSecond& second) const;
  // Clears the block, so that what is printed next takes its place.
  void LeaveBlock();

  const SLiveOutput m_output;
  size_t m_drawn = 0;  // lines on the screen that belong to the view
  EPhaseKind m_kind = EPhaseKind::kLoad;
  std::string m_name;
  double m_targetRate = 0;
  double m_phaseSeconds = 0;    // how long it is to last; 0: nobody knows
  double m_elapsedSeconds = 0;  // of the phase
  std::vector<double> m_rates;  // of the whole run, a value for each second
};

}  // namespace switchboard::sim
