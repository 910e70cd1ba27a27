#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"
#include "net/conn/CSession.h"

namespace switchboard {

// Functions that a logic wants called at a time, once or again and again.
// Threads: any; RunDue is sb-heart's. It is bounded by what the logic adds.
class CTimers {
 public:
  using Job = std::function<void()>;

  // `after` from `now`, then every `period` if that isn't zero. What is beyond a hundred years never comes.
  // Throws std::invalid_argument for a negative time.
  TimerId Add(MonotonicTime now, std::chrono::milliseconds after, std::chrono::milliseconds period, Job job);
  // False when it has run for the last time or was cancelled. A run that has begun is not waited for.
  bool Cancel(TimerId id);
  // The jobs whose time has come, each once; one whose last run hasn't begun yet is left out.
  std::vector<Job> TakeDue(MonotonicTime now);
  std::optional<MonotonicTime> Next();
  // Cancels all.
  void Clear();

 private:
  using DeadlineMap = std::multimap<MonotonicTime, TimerId>;
  struct SRun {
    explicit SRun(Job run) : job(std::move(run)) {}
    const Job job;
    std::atomic<bool> isWaiting{false};  // for a thread, since its time came
  };
  struct STimer {
    std::chrono::milliseconds period;
    std::shared_ptr<SRun> p_run;  // its own lock is not held when it dies: it is the user's
    DeadlineMap::iterator deadline;
  };

  CMutex m_mutex;
  TimerId m_lastId GUARDED_BY(m_mutex) = 0;
  DeadlineMap m_deadlines GUARDED_BY(m_mutex);
  std::unordered_map<TimerId, STimer> m_timers GUARDED_BY(m_mutex);
};

}  // namespace switchboard
