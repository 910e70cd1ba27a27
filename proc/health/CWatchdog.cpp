#include "proc/health/CWatchdog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace switchboard {

namespace {

using std::chrono::milliseconds;

// Threads don't announce that they stall, so they must be looked at; a stall is found this much late, twice at most.
// What is slow is found a quarter of its time late.
milliseconds IntervalOf(milliseconds limit, milliseconds slow) {
  const auto between = [](milliseconds time) { return std::clamp(time, milliseconds(10), milliseconds(1000)); };
  const milliseconds forLimit = limit.count() > 0 ? between(limit / 16) : milliseconds(1000);
  return slow.count() > 0 ? std::min(forLimit, between(slow / 4)) : forLimit;
}

uint32_t WhatOf(const SStall& stall) {
  return stall.packet ? stall.packet->msgCode : 0x10000 + static_cast<uint32_t>(stall.code->code);
}

std::string InSeconds(milliseconds time) { return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000); }

}  // namespace

void CWatchdog::Watch(pid_t pid, const SWorkerPage& page, const std::vector<std::string>& businessThreads,
                      milliseconds limit, milliseconds slow) {
  if (limit == milliseconds(0) && slow == milliseconds(0)) return;
  m_workers.erase(pid);
  m_workers.emplace(pid, SWorker{CStallDetector(page, businessThreads, limit, slow), limit, slow, m_clock.Now()});
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
  if (!stoppedAt) return lastLook + IntervalOf(limit, slow);
  return limit.count() > 0 ? std::optional(*stoppedAt + limit) : std::nullopt;
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
  const milliseconds patience = std::max(worker.limit, worker.slow) / 2 + IntervalOf(worker.limit, worker.slow);
  const bool hasOverslept = now - std::exchange(worker.lastLook, now) > patience;
  if (hasOverslept) worker.detector.Restart(now);
  const CStallDetector::SFindings findings = worker.detector.Look(now);
  for (const SStall& stall : findings.slow) {
    const std::string reason =
        fmt::format("has a slow handler: {} for over {}", stall.ToString(), InSeconds(worker.slow));
    orders.push_back({pid, SWatchdogOrder::EKind::kSlow, reason, 0, WhatOf(stall)});
  }
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
