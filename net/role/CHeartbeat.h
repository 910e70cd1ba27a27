#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "misc/CClock.h"
#include "misc/CMutex.h"
#include "net/config/CConfig.h"
#include "net/conn/CCloser.h"
#include "net/conn/CConnectionPool.h"

namespace switchboard {

// Asks for the close of peers that are silent, or connected, for too long: a multimap from deadline to session.
// Each session is in the map once. Traffic doesn't touch the map: when a deadline comes, the connection's last activity
// says whether there is a later one. A session that ended is dropped when its deadline comes; nothing is ever searched.
// HTTP connections have their listener's idle timeout; while one is answered or sent to, it is looked at again and
// again, and asked to close when between two looks it took less of what waits for it than its listener's min_rate.
// Threads: Watch by sb-io, RunDue by sb-heart.
class CHeartbeat {
 public:
  CHeartbeat(const SConfig& config, CConnectionPool& pool, SInboxes& inboxes);

  // True when this is the earliest deadline now, and sb-heart must hear of it.
  bool Watch(const CSession& session, MonotonicTime now);
  // Closes who is due at `now`; returns the next deadline.
  std::optional<MonotonicTime> RunDue(MonotonicTime now);

 private:
  using DeadlineMap = std::multimap<MonotonicTime, CSession>;
  // When the connection has to be looked at again; nullopt when it isn't watched or has been asked to close.
  std::optional<MonotonicTime> Judge(const CSession& session, MonotonicTime now);
  // As Judge, for silence alone; MonotonicTime::max() when that doesn't matter.
  std::optional<MonotonicTime> JudgeSilence(CConnection& connection, uint32_t generation, MonotonicTime now);
  std::optional<MonotonicTime> JudgeHttp(CConnection& connection, uint32_t generation, MonotonicTime now);
  MonotonicTime::duration SilenceOf(const CConnection& connection) const;

  // constant after construction
  const MonotonicTime::duration m_silence;     // zero: not watched
  const MonotonicTime::duration m_maxSession;  // zero: not watched
  const std::vector<SListenerConfig> m_listeners;
  CConnectionPool& m_pool;
  CCloser m_closer;

  CMutex m_mutex;
  DeadlineMap m_deadlines GUARDED_BY(m_mutex);
};

}  // namespace switchboard
