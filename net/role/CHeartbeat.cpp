#include "net/role/CHeartbeat.h"

#include <algorithm>
#include <utility>

namespace switchboard {

namespace {

// How long a peer's rate is measured: short enough to notice, long enough for a network that stalls for a moment.
constexpr MonotonicTime::duration kRateWindow = std::chrono::seconds(10);

}  // namespace

CHeartbeat::CHeartbeat(const SConfig& config, CConnectionPool& pool, SInboxes& inboxes)
    : m_silence(config.heartbeat.enabled ? config.heartbeat.interval * config.heartbeat.max_misses
                                         : std::chrono::milliseconds{0}),
      m_maxSession(config.heartbeat.max_session),
      m_listeners(config.listeners),
      m_pool(pool),
      m_closer(inboxes) {}

bool CHeartbeat::Watch(const CSession& session, MonotonicTime now) {
  const MonotonicTime::duration none = MonotonicTime::duration::max();
  const MonotonicTime::duration silence = SilenceOf(m_pool.At(session.Slot()));
  const MonotonicTime::duration after = std::min(silence.count() != 0 ? silence : none,  //
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
  std::optional<MonotonicTime> next = p_connection->IsHttp() ? JudgeHttp(*p_connection, session.Generation(), now)
                                                             : JudgeSilence(*p_connection, session.Generation(), now);
  if (!next) return std::nullopt;
  if (m_maxSession.count() != 0) {
    const MonotonicTime end = p_connection->OpenedAt() + m_maxSession;
    if (end <= now) {
      // What was asked before is answered; if that takes for ever, the silence ends it.
      m_closer.Close(*p_connection, session.Generation(), EPhase::kDraining, ECloseReason::kMaxSession);
      if (*next == MonotonicTime::max()) return std::nullopt;
    } else {
      next = std::min(*next, end);
    }
  }
  return next;
}

std::optional<MonotonicTime> CHeartbeat::JudgeSilence(CConnection& connection, uint32_t generation, MonotonicTime now) {
  if (m_silence.count() == 0) return MonotonicTime::max();
  const MonotonicTime next = connection.LastActive() + m_silence;
  if (next > now) return next;
  m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kHeartbeat);
  return std::nullopt;
}

std::optional<MonotonicTime> CHeartbeat::JudgeHttp(CConnection& connection, uint32_t generation, MonotonicTime now) {
  const SHttpConfig& config = m_listeners[connection.Listener()].http;
  const bool isSentTo = connection.outbox.Bytes() > 0;
  if (!isSentTo && connection.mailbox.IsIdle()) {
    connection.isLookedAt = false;
    const MonotonicTime next = connection.LastActive() + config.idle_timeout;
    if (next > now) return next;
    m_closer.Close(connection, generation, EPhase::kDraining, ECloseReason::kHeartbeat);
    return std::nullopt;
  }
  const MonotonicTime::duration window = std::min<MonotonicTime::duration>(kRateWindow, config.idle_timeout);
  // The end of its session may have it looked at early; a part of a window is no measure.
  if (isSentTo && connection.isLookedAt && now < connection.lookedAt + window) return connection.lookedAt + window;
  connection.lookedAt = now;
  const uint64_t sent = connection.SentBytes();
  const double least = config.min_rate * std::chrono::duration<double>(window).count();
  const bool wasSentTo = std::exchange(connection.isLookedAt, isSentTo);
  const uint64_t progress = sent - std::exchange(connection.sentAtLook, sent);
  if (isSentTo && wasSentTo && static_cast<double>(progress) < least) {
    m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kTooSlow);
    return std::nullopt;
  }
  // It isn't idle as long as it's being answered.
  connection.Touch(now);
  return now + window;
}

MonotonicTime::duration CHeartbeat::SilenceOf(const CConnection& connection) const {
  return connection.IsHttp() ? m_listeners[connection.Listener()].http.idle_timeout : m_silence;
}

}  // namespace switchboard
