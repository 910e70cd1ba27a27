#include "proc/health/CStallDetector.h"

#include <utility>

namespace switchboard {

std::string SStall::ToString() const { return packet ? thread + " at " + packet->ToString() : thread; }

CStallDetector::CStallDetector(const SWorkerPage& page, const std::vector<std::string>& businessThreads,
                               MonotonicTime::duration limit)
    : m_page(page), m_limit(limit) {
  // Even ticks to begin with: what the first look sees is new.
  for (SNamedTrace& trace : TracesOf(page, businessThreads)) m_threads.push_back({std::move(trace), 0, {}, false});
}

CStallDetector::SFindings CStallDetector::Look(MonotonicTime now) {
  SFindings findings;
  size_t business = 0;
  size_t stuck = 0;
  const SWatched* p_last = nullptr;
  for (SWatched& watched : m_threads) {
    if (watched.trace.isBusiness) ++business;
    if (!IsStalled(watched, now)) continue;
    if (!watched.trace.isBusiness) {
      findings.fatal = Describe(watched);
      return findings;
    }
    ++stuck;
    if (p_last == nullptr || watched.since > p_last->since) p_last = &watched;
    if (!std::exchange(watched.isReported, true)) findings.stuck.push_back(Describe(watched));
  }
  if (p_last != nullptr && stuck == business) {
    findings.fatal = Describe(*p_last);
    findings.areAllBusy = true;
  }
  return findings;
}

void CStallDetector::Restart(MonotonicTime now) {
  for (SWatched& watched : m_threads) watched.since = now;
}

bool CStallDetector::IsStalled(SWatched& watched, MonotonicTime now) const {
  const uint64_t ticks = watched.trace.p_trace->ticks.load(std::memory_order_relaxed);
  if (ticks % 2 == 1 && ticks == watched.ticks) return now - watched.since >= m_limit;
  watched.ticks = ticks;
  watched.since = now;
  watched.isReported = false;
  return false;
}

SStall CStallDetector::Describe(const SWatched& watched) const {
  return {watched.trace.thread, ReadPacket(watched.trace, m_page.process.load(std::memory_order_relaxed))};
}

}  // namespace switchboard
