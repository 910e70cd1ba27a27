#include "client-sim/load/CSecondSeries.h"

#include "client-sim/load/CPacer.h"

namespace switchboard::sim {
namespace {

constexpr std::chrono::milliseconds kShortest{100};

}  // namespace

void CSecondSeries::BeginPhase(const SPhase& phase, size_t index, MonotonicTime now) {
  if (!m_start) m_start = now;
  m_isFirst = true;
  m_phaseIndex = index;
  m_targetRate = phase.rate;
  m_ramp = phase.ramp;
  m_phaseStart = m_secondStart = now;
  m_latenciesBefore.Clear();
}

bool CSecondSeries::IsWorthAPoint(MonotonicTime now) const { return m_isFirst || now - m_secondStart >= kShortest; }

SSecond CSecondSeries::Cut(MonotonicTime now, const CLedger& totals) {
  const CHistogram latencies = m_crew.Latencies();
  const CHistogram interval = latencies.Since(m_latenciesBefore);
  const auto gained = [&](ECount what) { return totals.Get(what) - m_countsBefore[static_cast<size_t>(what)]; };
  SSecond second;
  second.at = SecondsOf(now - *m_start);
  second.length = SecondsOf(now - m_secondStart);
  second.phase = m_phaseIndex;
  second.targetRate = CPacer::RateAt({m_targetRate, m_ramp}, now - m_phaseStart);
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
  m_secondStart = now;
  for (size_t i = 0; i < m_countsBefore.size(); ++i) m_countsBefore[i] = totals.Get(static_cast<ECount>(i));
  m_faultsBefore = totals.Faults();
  m_latenciesBefore = latencies;
  return second;
}

}  // namespace switchboard::sim
