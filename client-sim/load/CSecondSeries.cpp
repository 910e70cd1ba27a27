#include "client-sim/load/CSecondSeries.h"

#include "client-sim/load/CPacer.h"

namespace switchboard::sim {
namespace {

constexpr uint64_t kShortestNs = CSecondSeries::kSecondNs / 10;

double Seconds(uint64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace

void CSecondSeries::BeginPhase(const SPhase& phase, size_t index, uint64_t nowNs) {
  if (m_startNs == 0) m_startNs = nowNs;
  m_isFirst = true;
  m_phaseIndex = index;
  m_targetRate = phase.rate;
  m_rampNs = phase.rampNs;
  m_phaseStartNs = m_secondStartNs = nowNs;
  m_latenciesBefore.Clear();
}

bool CSecondSeries::IsWorthAPoint(uint64_t nowNs) const { return m_isFirst || nowNs - m_secondStartNs >= kShortestNs; }

SSecond CSecondSeries::Cut(uint64_t nowNs, const CLedger& totals) {
  const CHistogram latencies = m_crew.Latencies();
  const CHistogram interval = latencies.Since(m_latenciesBefore);
  const auto gained = [&](ECount what) { return totals.Get(what) - m_countsBefore[static_cast<size_t>(what)]; };
  SSecond second;
  second.at = Seconds(nowNs - m_startNs);
  second.length = Seconds(nowNs - m_secondStartNs);
  second.phase = m_phaseIndex;
  second.targetRate = CPacer::RateAt({m_targetRate, m_rampNs}, nowNs - m_phaseStartNs);
  second.sent = gained(ECount::kSent);
  second.replies = gained(ECount::kReplied);
  second.rejects = gained(ECount::kRejected);
  second.inFlightAtReset = gained(ECount::kInFlightAtReset);
  second.faults = totals.Faults() - m_faultsBefore;
  second.connections = m_crew.OpenConnections();
  second.p50Ns = interval.ValueAt(50);
  second.p90Ns = interval.ValueAt(90);
  second.p99Ns = interval.ValueAt(99);
  second.maxNs = interval.Max();

  m_isFirst = false;
  m_secondStartNs = nowNs;
  for (size_t i = 0; i < m_countsBefore.size(); ++i) m_countsBefore[i] = totals.Get(static_cast<ECount>(i));
  m_faultsBefore = totals.Faults();
  m_latenciesBefore = latencies;
  return second;
}

}  // namespace switchboard::sim
