#include "net/role/CTimers.h"

#include <utility>

namespace switchboard {

TimerId CTimers::Add(MonotonicTime now, std::chrono::milliseconds after, std::chrono::milliseconds period, Job job) {
  CMutexLock lock(m_mutex);
  const TimerId id = ++m_lastId;
  m_timers.emplace(id, STimer{period, std::move(job), m_deadlines.emplace(now + after, id)});
  return id;
}

bool CTimers::Cancel(TimerId id) {
  CMutexLock lock(m_mutex);
  const auto timer = m_timers.find(id);
  if (timer == m_timers.end()) return false;
  m_deadlines.erase(timer->second.deadline);
  m_timers.erase(timer);
  return true;
}

std::vector<CTimers::Job> CTimers::TakeDue(MonotonicTime now) {
  std::vector<Job> jobs;
  CMutexLock lock(m_mutex);
  while (!m_deadlines.empty() && m_deadlines.begin()->first <= now) {
    auto deadline = m_deadlines.extract(m_deadlines.begin());
    const auto timer = m_timers.find(deadline.mapped());
    STimer& due = timer->second;
    if (due.period.count() == 0) {
      jobs.push_back(std::move(due.job));
      m_timers.erase(timer);
    } else {
      jobs.push_back(due.job);
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

}  // namespace switchboard
