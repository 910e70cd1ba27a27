#include "net/role/CSilenceWatch.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace switchboard {

namespace {

// How long a peer's rate is measured: short enough to notice, long enough for a network that stalls for a moment.
constexpr MonotonicTime::duration kRateWindow = std::chrono::seconds(10);

}  // namespace

CSilenceWatch::CSilenceWatch(const SConfig& config, CConnectionPool& pool, SInboxes& inboxes)
    : m_maxSession(config.heartbeat.max_session), m_pool(pool), m_inboxes(inboxes), m_closer(inboxes) {}

bool CSilenceWatch::Watch(CConnection& connection, MonotonicTime now) {
  const MonotonicTime::duration silence = connection.Protocol().IdleRule().silence;
  MonotonicTime deadline = MonotonicTime::max();
  if (silence.count() != 0) deadline = std::max(connection.LastActive() + silence, now);
  if (m_maxSession.count() != 0) deadline = std::min(deadline, connection.OpenedAt() + m_maxSession);
  if (deadline == MonotonicTime::max()) return false;
  return Put(deadline, SWatched{.slot = connection.slot, .takenAtLook = connection.SentBytes()});
}

bool CSilenceWatch::WatchSending(CConnection& connection, MonotonicTime now) {
  const SIdleRule& rule = connection.Protocol().IdleRule();
  if (!rule.countsOnlyRest || rule.silence.count() == 0) return false;
  const MonotonicTime::duration window = std::min<MonotonicTime::duration>(kRateWindow, rule.silence);
  return Put(
      now + window,
      SWatched{.slot = connection.slot, .wasSentTo = true, .takenAtLook = connection.TakenBytes(), .lookedAt = now});
}

bool CSilenceWatch::Put(MonotonicTime deadline, const SWatched& watched) {
  CMutexLock lock(m_mutex);
  DeadlineMap::iterator& place = PlaceOf(watched.slot);
  if (place != m_deadlines.end() && place->first <= deadline) return false;
  if (place != m_deadlines.end()) m_deadlines.erase(place);
  place = m_deadlines.emplace(deadline, watched);
  return place == m_deadlines.begin();
}

std::optional<MonotonicTime> CSilenceWatch::RunDue(MonotonicTime now) {
  // The nodes are taken out, judged without the lock, and put back in with their next deadline.
  std::vector<DeadlineMap::node_type> due;
  {
    CMutexLock lock(m_mutex);
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= now) {
      PlaceOf(m_deadlines.begin()->second.slot) = m_deadlines.end();
      due.push_back(m_deadlines.extract(m_deadlines.begin()));
    }
  }
  std::erase_if(due, [&](DeadlineMap::node_type& node) {
    const std::optional<MonotonicTime> next = Judge(node.mapped(), now);
    if (next) node.key() = *next;
    return !next;
  });
  CMutexLock lock(m_mutex);
  for (DeadlineMap::node_type& node : due) Insert(std::move(node));
  if (m_deadlines.empty()) return std::nullopt;
  return m_deadlines.begin()->first;
}

std::optional<MonotonicTime> CSilenceWatch::Next() {
  CMutexLock lock(m_mutex);
  if (m_deadlines.empty()) return std::nullopt;
  return m_deadlines.begin()->first;
}

size_t CSilenceWatch::Size() {
  CMutexLock lock(m_mutex);
  return m_deadlines.size();
}

void CSilenceWatch::Insert(DeadlineMap::node_type node) {
  DeadlineMap::iterator& place = PlaceOf(node.mapped().slot);
  // sb-io has put it in meanwhile, for its next life or after a look.
  if (place != m_deadlines.end() && place->first <= node.key()) return;
  if (place != m_deadlines.end()) m_deadlines.erase(place);
  place = m_deadlines.insert(std::move(node));
}

CSilenceWatch::DeadlineMap::iterator& CSilenceWatch::PlaceOf(uint32_t slot) {
  if (slot >= m_places.size()) m_places.resize(std::max<size_t>(slot + 1, m_places.size() * 2), m_deadlines.end());
  return m_places[slot];
}

std::optional<MonotonicTime> CSilenceWatch::Judge(SWatched& watched, MonotonicTime now) {
  CConnection& connection = m_pool.At(watched.slot);
  const CSession session = connection.Session();
  const EPhase phase = connection.Phase();
  if (phase == EPhase::kFree || phase == EPhase::kClosed) return std::nullopt;
  // A draining connection is watched on: its handlers may have deferred an answer that never comes.
  std::optional<MonotonicTime> next = JudgeSilence(watched, connection, session, now);
  if (!next || m_maxSession.count() == 0) return next == MonotonicTime::max() ? std::nullopt : next;
  const MonotonicTime end = connection.OpenedAt() + m_maxSession;
  if (end > now) return std::min(*next, end);
  // What was asked before is answered; if that takes for ever, the silence ends it.
  m_closer.Close(connection, session.Generation(), EPhase::kDraining, ECloseReason::kMaxSession);
  return *next == MonotonicTime::max() ? std::nullopt : next;
}

std::optional<MonotonicTime> CSilenceWatch::JudgeSilence(SWatched& watched, CConnection& connection,
                                                         const CSession& session, MonotonicTime now) {
  const SIdleRule& rule = connection.Protocol().IdleRule();
  if (rule.silence.count() == 0) return MonotonicTime::max();
  const bool isSentTo = connection.outbox.Bytes() > 0;
  if (rule.countsOnlyRest && (isSentTo || !connection.mailbox.IsIdle())) {
    return JudgeRate(watched, connection, session, now);
  }
  const MonotonicTime next = connection.LastActive() + rule.silence;
  if (next > now) {
    watched.wasSentTo = false;
    return next;
  }
  const bool isTaking = isSentTo || connection.UntakenBytes() > 0;
  const uint64_t taken = connection.TakenBytes();
  const bool wasTaking = std::exchange(watched.wasSentTo, isTaking);
  const bool hasTaken = std::exchange(watched.takenAtLook, taken) != taken;
  watched.lookedAt = now;
  if ((isTaking || wasTaking) && hasTaken) return now + rule.silence;
  if (rule.countsOnlyRest && isTaking) {
    // After an orderly end the kernel would keep what it doesn't take, for long.
    m_closer.Close(connection, session.Generation(), EPhase::kAborting, ECloseReason::kTooSlow);
    return std::nullopt;
  }
  m_inboxes.io.Post(io_note::SLookAtSilent{session});
  return std::nullopt;
}

std::optional<MonotonicTime> CSilenceWatch::JudgeRate(SWatched& watched, CConnection& connection,
                                                      const CSession& session, MonotonicTime now) {
  const SIdleRule& rule = connection.Protocol().IdleRule();
  const bool isSentTo = connection.outbox.Bytes() > 0;
  const MonotonicTime::duration window = std::min<MonotonicTime::duration>(kRateWindow, rule.silence);
  // The end of its session may have it looked at early; a part of a window is no measure.
  if (isSentTo && watched.wasSentTo && now < watched.lookedAt + window) return watched.lookedAt + window;
  watched.lookedAt = now;
  const uint64_t taken = connection.TakenBytes();
  const double least = rule.minRate * std::chrono::duration<double>(window).count();
  const bool wasSentTo = std::exchange(watched.wasSentTo, isSentTo);
  const uint64_t before = std::exchange(watched.takenAtLook, taken);
  const uint64_t progress = taken - std::min(taken, before);
  if (isSentTo && wasSentTo && static_cast<double>(progress) < least) {
    m_closer.Close(connection, session.Generation(), EPhase::kAborting, ECloseReason::kTooSlow);
    return std::nullopt;
  }
  // It isn't idle as long as it's being answered.
  connection.Touch(now);
  return now + window;
}

}  // namespace switchboard
