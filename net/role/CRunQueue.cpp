#include "net/role/CRunQueue.h"

#include <utility>

namespace switchboard {

void CRunList::PushBack(CConnection& connection) {
  connection.turn.p_runNext = nullptr;
  (m_p_last != nullptr ? m_p_last->turn.p_runNext : m_p_first) = &connection;
  m_p_last = &connection;
}

CConnection* CRunList::PopFront() {
  CConnection* p_connection = m_p_first;
  if (p_connection != nullptr) {
    m_p_first = std::exchange(p_connection->turn.p_runNext, nullptr);
    if (m_p_first == nullptr) m_p_last = nullptr;
  }
  return p_connection;
}

void CRunList::Splice(CRunList&& other) {
  if (other.IsEmpty()) return;
  (m_p_last != nullptr ? m_p_last->turn.p_runNext : m_p_first) = other.m_p_first;
  m_p_last = other.m_p_last;
  other.m_p_first = other.m_p_last = nullptr;
}

void CRunQueue::Push(CRunList&& connections) {
  if (connections.IsEmpty()) return;
  bool isWakeUpDue;
  {
    CMutexLock lock(m_mutex);
    m_queue.Splice(std::move(connections));
    isWakeUpDue = ClaimWakeUp();
  }
  if (isWakeUpDue) m_work.NotifyOne();
}

bool CRunQueue::Add(SJob job, uint32_t most) {
  if (!job) return true;
  bool isWakeUpDue;
  {
    CMutexLock lock(m_mutex);
    if (m_isStopping || m_jobs.size() >= most) return false;
    m_jobs.push_back(std::move(job));
    isWakeUpDue = ClaimWakeUp();
  }
  if (isWakeUpDue) m_work.NotifyOne();
  return true;
}

// One thread at a time is on its way; when it comes and finds more than it can take, it wakes the next.
bool CRunQueue::ClaimWakeUp() {
  if (m_sleepers == 0 || m_isWaking) return false;
  return m_isWaking = true;
}

CConnection* CRunQueue::Next(SJob& job) {
  CConnection* p_connection = nullptr;
  bool isWakeUpDue = false;
  {
    CMutexLock lock(m_mutex);
    while (m_queue.IsEmpty() && m_jobs.empty()) {
      if (m_isStopping) return nullptr;
      ++m_sleepers;
      m_work.Wait(m_mutex);
      --m_sleepers;
      m_isWaking = false;
    }
    m_wasJob = !m_jobs.empty() && (m_queue.IsEmpty() || !m_wasJob);
    if (m_wasJob) {
      job = std::move(m_jobs.front());
      m_jobs.pop_front();
    } else {
      p_connection = m_queue.PopFront();
    }
    if (!m_queue.IsEmpty() || !m_jobs.empty()) isWakeUpDue = ClaimWakeUp();
  }
  if (isWakeUpDue) m_work.NotifyOne();
  return p_connection;
}

void CRunQueue::Requeue(CConnection& connection) {
  CMutexLock lock(m_mutex);
  m_queue.PushBack(connection);
}

void CRunQueue::Stop() {
  {
    CMutexLock lock(m_mutex);
    m_isStopping = true;
  }
  m_work.NotifyAll();
}

bool CRunQueue::IsIdle(uint32_t threads) {
  CMutexLock lock(m_mutex);
  return m_queue.IsEmpty() && m_jobs.empty() && m_sleepers == threads;
}

bool CRunQueue::TryPush(CConnection& connection) {
  bool isWakeUpDue;
  {
    CMutexLock lock(m_mutex);
    if (m_isStopping) return false;
    m_queue.PushBack(connection);
    isWakeUpDue = ClaimWakeUp();
  }
  if (isWakeUpDue) m_work.NotifyOne();
  return true;
}

}  // namespace switchboard
