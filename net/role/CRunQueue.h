#pragma once

#include <cstdint>
#include <deque>
#include <functional>

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

// What the threads of one pool have to do, first in first out, a job and a connection by turns. It holds a connection
// at most once, so pool.max_connections bounds it; jobs are as many as the logic posts. A push wakes one thread if any
// sleeps.
// Threads: any.
class CRunQueue {
 public:
  using Job = std::function<void()>;

  void Push(CRunList&& connections);
  // As Push, for one; false when it was stopped, and its threads may have gone.
  bool TryPush(CConnection& connection);
  // As Push, but wakes nobody: the caller is about to take the next one itself.
  void Requeue(CConnection& connection);
  // Drops the job once it was stopped: one that posts itself again would never end.
  void PostJob(Job job);
  // The next connection, or (with `job` set) a job; waits for one. nullptr and no job when it was stopped and is empty.
  CConnection* Next(Job& job);
  void Stop();
  // Nothing is queued, and all of its `threads` wait.
  bool IsIdle(uint32_t threads);

 private:
  // True when the caller is to wake a thread, once it has let go of the lock.
  bool ClaimWakeUp() REQUIRES(m_mutex);

  CMutex m_mutex;
  CCondition m_work;
  CRunList m_queue GUARDED_BY(m_mutex);
  std::deque<Job> m_jobs GUARDED_BY(m_mutex);
  bool m_wasJob GUARDED_BY(m_mutex) = false;  // the last one that was taken
  uint32_t m_sleepers GUARDED_BY(m_mutex) = 0;
  bool m_isWaking GUARDED_BY(m_mutex) = false;  // a thread was woken and hasn't come yet
  bool m_isStopping GUARDED_BY(m_mutex) = false;
};

}  // namespace switchboard
