#include "net/role/CTimers.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace switchboard {

namespace {

// The clock counts nanoseconds in 63 bits: three times as many years.
constexpr std::chrono::milliseconds kNever = std::chrono::hours(24 * 36525);

}  // namespace

TimerId CTimers::Add(MonotonicTime now, std::chrono::milliseconds after, std::chrono::milliseconds period, Job job) {
  if (after.count() < 0 || period.count() < 0) throw std::invalid_argument("a timer's times must not be negative");
  STimer timer{std::min(period, kNever), std::make_shared<SRun>(std::move(job)), {}};
  CMutexLock lock(m_mutex);
  const TimerId id = ++m_lastId;
  timer.deadline = m_deadlines.emplace(now + std::min(after, kNever), id);
  m_timers.emplace(id, std::move(timer));
  return id;
}

bool CTimers::Cancel(TimerId id) {
  std::unordered_map<TimerId, STimer>::node_type cancelled;  // dies after the lock
  CMutexLock lock(m_mutex);
  cancelled = m_timers.extract(id);
  if (cancelled.empty()) return false;
  m_deadlines.erase(cancelled.mapped().deadline);
  return true;
}

std::vector<CTimers::Job> CTimers::TakeDue(MonotonicTime now) {
  std::vector<Job> jobs;
  CMutexLock lock(m_mutex);
  while (!m_deadlines.empty() && m_deadlines.begin()->first <= now) {
    auto deadline = m_deadlines.extract(m_deadlines.begin());
    const auto timer = m_timers.find(deadline.mapped());
    STimer& due = timer->second;
    // Runs of one timer don't pile up behind each other, however busy the pool is.
    if (!due.p_run->isWaiting.exchange(true)) {
      jobs.emplace_back([p_run = due.p_run] {
        p_run->isWaiting.store(false);
        if (p_run->job) p_run->job();
      });
    }
    if (due.period.count() == 0) {
      m_timers.erase(timer);
    } else {
      // Runs that were missed are not made up for.
      deadline.key() = std::max(deadline.key() + due.period, now + MonotonicTime::duration{1});
      due.deadline = m_deadlines.insert(std::move(deadline));
    }
  }
  return jobs;
}

std::optional<MonotonicTime> CTimers::Next() {
  CMutexLock lock(m_mutex);
  if (m_deadlines.empty()) return std::nullopt;
  return m_deadlines.begin()->first;
}

void CTimers::Clear() {
  std::unordered_map<TimerId, STimer> cancelled;  // dies after the lock
  CMutexLock lock(m_mutex);
  m_deadlines.clear();
  cancelled.swap(m_timers);
}

}  // namespace switchboard
