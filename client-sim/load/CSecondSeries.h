#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "client-sim/base/CHistogram.h"
#include "client-sim/base/Time.h"
#include "client-sim/client/CLedger.h"
#include "client-sim/load/CCrew.h"
#include "client-sim/load/Phase.h"
#include "client-sim/load/RunResult.h"

namespace switchboard::sim {

// Cuts a run into seconds: what a crew has gained in each, and how fast it was answered.
// Threads: the one that runs the load.
class CSecondSeries {
 public:
  static constexpr std::chrono::seconds kSecond{1};

  explicit CSecondSeries(const CCrew& crew) : m_crew(crew) {}

  // The first phase begins the run.
  void BeginPhase(const SPhase& phase, size_t index, MonotonicTime now);
  // When the current second is complete.
  MonotonicTime SecondEnd() const { return m_secondStart + kSecond; }
  // The current second is worth a point although its phase ends now: it is the phase's only one, or not very short.
  bool IsWorthAPoint(MonotonicTime now) const;
  // Ends the current second now; `totals` is what the crew has counted since the start of the run.
  SSecond Cut(MonotonicTime now, const CLedger& totals);

 private:
  const CCrew& m_crew;
  bool m_isFirst = true;  // no second of the phase was cut yet
  size_t m_phaseIndex = 0;
  double m_targetRate = 0;
  Nanoseconds m_ramp{};
  std::optional<MonotonicTime> m_start;  // of the first phase
  MonotonicTime m_phaseStart;
  MonotonicTime m_secondStart;
  // At the last second's end.
  std::array<uint64_t, static_cast<size_t>(ECount::kCount)> m_countsBefore{};
  uint64_t m_faultsBefore = 0;
  CHistogram m_latenciesBefore;
};

}  // namespace switchboard::sim
