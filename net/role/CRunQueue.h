#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include "misc/count/CScoreboard.h"
#include "misc/thread/CMutex.h"
#include "net/conn/CConnection.h"

namespace switchboard {

// Connections in a row, linked through themselves. Threads: one owner at a time.
class CRunList {
 public:
  bool IsEmpty() const { return m_p_first == nullptr; }
  void PushBack(CConnection& connection);
  CConnection* PopFront();
  void Splice(CRunList&& other);

 private:
  CConnection* m_p_first = nullptr;
  CConnection* m_p_last = nullptr;
};

// A function of the logic's that is to run, and what it's called when its worker dies in it.
struct SJob {
  std::function<void()> run;
  EUserCode code = EUserCode::kJob;

  explicit operator bool() const { return run != nullptr; }
};

// What the threads of one pool have to do, first in first out, a job and a connection by turns. It holds a connection
// at most once, so pool.max_connections bounds it; of jobs that are posted it holds so many as it was told, and of the
// framework's own one for each timer and each worker that was lost. A push wakes one thread if any sleeps.
// Threads: any.
class CRunQueue {
 public:
  explicit CRunQueue(uint32_t mostPosted = UINT32_MAX) : m_mostPosted(mostPosted) {}

  void Push(CRunList&& connections);
  // As Push, for one; false when it was stopped, and its threads may have gone.
  bool TryPush(CConnection& connection);
  // As Push, but wakes nobody: the caller is about to take the next one itself.
  void Requeue(CConnection& connection);
  // Drops the job once it was stopped: one that posts itself again would never end.
  void PostJob(SJob job) { Add(std::move(job), UINT32_MAX); }
  // As PostJob, for what the logic may post as much as it likes. False when it was dropped, because of the stop or
  // because too many jobs wait.
  bool TryPostJob(std::function<void()> job) { return Add({std::move(job)}, m_mostPosted); }
  // The next connection, or (with `job` set) a job; waits for one. nullptr and no job when it was stopped and is empty.
  CConnection* Next(SJob& job);
  void Stop();
  // Nothing is queued, and all of its `threads` wait.
  bool IsIdle(uint32_t threads);

 private:
  bool Add(SJob job, uint32_t most);
  // True when the caller is to wake a thread, once it has let go of the lock.
  bool ClaimWakeUp() REQUIRES(m_mutex);

  const uint32_t m_mostPosted;
  CMutex m_mutex;
  CCondition m_work;
  CRunList m_queue GUARDED_BY(m_mutex);
  std::deque<SJob> m_jobs GUARDED_BY(m_mutex);
  bool m_wasJob GUARDED_BY(m_mutex) = false;  // the last one that was taken
  uint32_t m_sleepers GUARDED_BY(m_mutex) = 0;
  bool m_isWaking GUARDED_BY(m_mutex) = false;  // a thread was woken and hasn't come yet
  bool m_isStopping GUARDED_BY(m_mutex) = false;
};

}  // namespace switchboard
