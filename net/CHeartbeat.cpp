#include "net/CHeartbeat.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace switchboard {

CHeartbeat::CHeartbeat(const SConfig& config, CConnectionPool& pool, SInboxes& inboxes)
    : m_silence(config.heartbeat.enabled ? config.heartbeat.interval * config.heartbeat.max_misses
                                         : std::chrono::milliseconds{0}),
      m_maxSession(config.heartbeat.max_session),
      m_pool(pool),
      m_closer(inboxes) {}

bool CHeartbeat::Watch(const CSession& session, MonotonicTime now) {
  const MonotonicTime::duration none = MonotonicTime::duration::max();
  const MonotonicTime::duration after = std::min(m_silence.count() != 0 ? m_silence : none,  //
                                                 m_maxSession.count() != 0 ? m_maxSession : none);
  if (after == none) return false;
  CMutexLock lock(m_mutex);
  const auto added = m_deadlines.emplace(now + after, session);
  return added == m_deadlines.begin();
}

std::optional<MonotonicTime> CHeartbeat::RunDue(MonotonicTime now) {
  // The nodes are taken out, judged without the lock, and put back in with their next deadline.
  std::vector<DeadlineMap::node_type> due;
  {
    CMutexLock lock(m_mutex);
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= now) {
      due.push_back(m_deadlines.extract(m_deadlines.begin()));
    }
  }
  std::erase_if(due, [&](DeadlineMap::node_type& node) {
    const std::optional<MonotonicTime> next = Judge(node.mapped(), now);
    if (next) node.key() = *next;
    return !next;
  });
  CMutexLock lock(m_mutex);
  for (DeadlineMap::node_type& node : due) m_deadlines.insert(std::move(node));
  if (m_deadlines.empty()) return std::nullopt;
  return m_deadlines.begin()->first;
}

std::optional<MonotonicTime> CHeartbeat::Judge(const CSession& session, MonotonicTime now) {
  CConnection* p_connection = m_pool.Find(session);
  if (p_connection == nullptr) return std::nullopt;
  // A draining connection is watched on: its handlers may have deferred an answer that never comes.
  MonotonicTime next = MonotonicTime::max();
  if (m_silence.count() != 0) {
    next = p_connection->LastActive() + m_silence;
    if (next <= now) {
      m_closer.Close(*p_connection, session.Generation(), EPhase::kAborting, ECloseReason::kHeartbeat);
      return std::nullopt;
    }
  }
  if (m_maxSession.count() != 0) {
    const MonotonicTime end = p_connection->OpenedAt() + m_maxSession;
    if (end <= now) {
      // What was asked before is answered; if that takes for ever, the silence ends it.
      m_closer.Close(*p_connection, session.Generation(), EPhase::kDraining, ECloseReason::kMaxSession);
      if (m_silence.count() == 0) return std::nullopt;
    } else {
      next = std::min(next, end);
    }
  }
  return next;
}

}  // namespace switchboard
