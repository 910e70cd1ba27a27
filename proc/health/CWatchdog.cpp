#include "proc/health/CWatchdog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace switchboard {

namespace {

using std::chrono::milliseconds;

// Threads don't announce that they stall, so they must be looked at; a stall is found this much late, twice at most.
milliseconds IntervalOf(milliseconds limit) { return std::clamp(limit / 16, milliseconds(10), milliseconds(1000)); }

std::string InSeconds(milliseconds time) { return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000); }

}  // namespace

void CWatchdog::Watch(pid_t pid, const SWorkerPage& page, const std::vector<std::string>& businessThreads,
                      milliseconds limit) {
  if (limit == milliseconds(0)) return;
  m_workers.erase(pid);
  m_workers.emplace(pid, SWorker{CStallDetector(page, businessThreads, limit), limit, m_clock.Now()});
}

void CWatchdog::NoteStopped(pid_t pid) {
  const auto found = m_workers.find(pid);
  if (found != m_workers.end() && !found->second.stoppedAt) found->second.stoppedAt = m_clock.Now();
}

void CWatchdog::NoteContinued(pid_t pid) {
  const auto found = m_workers.find(pid);
  if (found == m_workers.end()) return;
  found->second.stoppedAt.reset();
  found->second.detector.Restart(m_clock.Now());
}

std::optional<MonotonicTime> CWatchdog::SWorker::NextLook() const {
  if (isCondemned) return killAt;
  return stoppedAt ? *stoppedAt + limit : lastLook + IntervalOf(limit);
}

std::optional<MonotonicTime> CWatchdog::NextLook() const {
  std::optional<MonotonicTime> next;
  for (const auto& [pid, worker] : m_workers) {
    const std::optional<MonotonicTime> look = worker.NextLook();
    if (look && (!next || *look < *next)) next = look;
  }
  return next;
}

std::vector<SWatchdogOrder> CWatchdog::Look() {
  std::vector<SWatchdogOrder> orders;
  const MonotonicTime now = m_clock.Now();
  for (auto& [pid, worker] : m_workers) LookAt(pid, worker, now, orders);
  return orders;
}

void CWatchdog::LookAt(pid_t pid, SWorker& worker, MonotonicTime now, std::vector<SWatchdogOrder>& orders) const {
  const std::optional<MonotonicTime> due = worker.NextLook();
  if (!due || now < *due) return;
  if (worker.isCondemned) {
    worker.killAt.reset();
    const std::string reason = fmt::format("outlived its SIGABRT by {}", InSeconds(kAbortGrace));
    orders.push_back({pid, SWatchdogOrder::EKind::kKill, reason, 0});
  } else if (worker.stoppedAt) {
    Condemn(pid, worker, now, fmt::format("has been stopped by a signal for {}", InSeconds(worker.limit)), 0, orders);
  } else {
    LookAtThreads(pid, worker, now, orders);
  }
}

void CWatchdog::LookAtThreads(pid_t pid, SWorker& worker, MonotonicTime now,
                              std::vector<SWatchdogOrder>& orders) const {
  // If the master itself didn't run, neither may the worker have: a frozen container, a machine that was suspended.
  const bool hasOverslept = now - std::exchange(worker.lastLook, now) > worker.limit / 2 + IntervalOf(worker.limit);
  if (hasOverslept) worker.detector.Restart(now);
  const CStallDetector::SFindings findings = worker.detector.Look(now);
  for (const SStall& stall : findings.stuck) {
    const std::string reason = fmt::format("has a stuck handler: {} for {}", stall.ToString(), InSeconds(worker.limit));
    orders.push_back({pid, SWatchdogOrder::EKind::kReport, reason, 0});
  }
  if (!findings.fatal) return;
  const std::string where = findings.fatal->ToString();
  const std::string reason = findings.areAllBusy
                                 ? fmt::format("has no business thread left, the last one to get stuck is {}", where)
                                 : fmt::format("hangs: {} has not moved for {}", where, InSeconds(worker.limit));
  Condemn(pid, worker, now, reason, findings.fatal->packet ? findings.fatal->packet->threadId : 0, orders);
}

void CWatchdog::Condemn(pid_t pid, SWorker& worker, MonotonicTime now, std::string reason, uint64_t thread,
                        std::vector<SWatchdogOrder>& orders) {
  worker.isCondemned = true;
  worker.killAt = now + kAbortGrace;
  orders.push_back({pid, SWatchdogOrder::EKind::kAbort, std::move(reason), thread});
}

}  // namespace switchboard
