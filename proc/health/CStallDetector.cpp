#include "proc/health/CStallDetector.h"

#include <map>
#include <string_view>
#include <utility>

namespace switchboard {

namespace {

// Of "sb-work-3" its "sb-work": what its handlers wait for, the other pools can't run.
std::string_view PoolOf(const SNamedTrace& trace) {
  const std::string_view name = trace.thread;
  return trace.isBusiness ? name.substr(0, name.rfind('-')) : name;
}

MonotonicTime::duration OrNever(MonotonicTime::duration limit) {
  return limit.count() == 0 ? MonotonicTime::duration::max() : limit;
}

}  // namespace

std::string SStall::ToString() const {
  if (packet) return thread + " at " + packet->ToString();
  return code ? code->text : thread;
}

CStallDetector::CStallDetector(const SWorkerPage& page, const std::vector<std::string>& businessThreads,
                               MonotonicTime::duration limit, MonotonicTime::duration slow)
    : m_page(page), m_limit(OrNever(limit)), m_slow(OrNever(slow)) {
  // Even ticks to begin with: what the first look sees is new.
  for (SNamedTrace& trace : TracesOf(page, businessThreads)) m_threads.push_back({std::move(trace), 0, {}});
}

CStallDetector::SFindings CStallDetector::Look(MonotonicTime now) {
  SFindings findings;
  struct SPool {
    size_t threads = 0;
    size_t stuck = 0;
    const SWatched* p_last = nullptr;  // the last one to get stuck
  };
  std::map<std::string_view, SPool> pools;
  for (SWatched& watched : m_threads) {
    SPool& pool = pools[PoolOf(watched.trace)];
    ++pool.threads;
    const MonotonicTime::duration time = TimeAtOne(watched, now);
    if (time >= m_slow && !watched.isSlowReported) {
      SStall slow = Describe(watched);
      watched.isSlowReported = true;
      if (slow.packet || slow.code) findings.slow.push_back(std::move(slow));
    }
    if (time < m_limit) continue;
    if (!watched.trace.isBusiness) {
      findings.fatal = Describe(watched);
      return findings;
    }
    ++pool.stuck;
    if (pool.p_last == nullptr || watched.since > pool.p_last->since) pool.p_last = &watched;
    if (!std::exchange(watched.isReported, true)) findings.stuck.push_back(Describe(watched));
  }
  for (const auto& [name, pool] : pools) {
    if (pool.p_last == nullptr || pool.stuck < pool.threads) continue;
    findings.fatal = Describe(*pool.p_last);
    findings.areAllBusy = true;
  }
  return findings;
}

void CStallDetector::Restart(MonotonicTime now) {
  for (SWatched& watched : m_threads) watched.since = now;
}

MonotonicTime::duration CStallDetector::TimeAtOne(SWatched& watched, MonotonicTime now) {
  const uint64_t ticks = watched.trace.p_trace->ticks.load(std::memory_order_relaxed);
  if (ticks % 2 == 1 && ticks == watched.ticks) return now - watched.since;
  watched.ticks = ticks;
  watched.since = now;
  watched.isReported = watched.isSlowReported = false;
  return {};
}

SStall CStallDetector::Describe(const SWatched& watched) const {
  const uint32_t process = m_page.process.load(std::memory_order_relaxed);
  return {watched.trace.thread, ReadPacket(watched.trace, process), ReadUserCode(watched.trace, process)};
}

}  // namespace switchboard
