#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"
#include "net/config/CConfig.h"
#include "net/conn/CCloser.h"
#include "net/conn/CConnectionPool.h"
#include "net/role/CProtocol.h"

namespace switchboard {

// Finds peers that are silent, or connected, for too long: a multimap from deadline to connection slot. A slot is in it
// at most once, so its size follows the open connections and not those that were. Traffic doesn't touch it: when a
// deadline comes, the connection's last activity says whether there is a later one. Whoever seems silent is looked at
// by sb-io, which reads what waits in the socket before it judges. A peer that takes what it is sent isn't silent; what
// it has taken is what its side has acknowledged, since the socket takes some MB at once, and the next ones much later.
// Threads: Watch by sb-io, RunDue by sb-heart.
class CSilenceWatch {
 public:
  CSilenceWatch(const SConfig& config, CConnectionPool& pool, SInboxes& inboxes);

  // Watches a connection that was opened, or that was looked at and isn't silent. True when its deadline is the
  // earliest now, and sb-heart must hear of it.
  bool Watch(CConnection& connection, MonotonicTime now);
  // Watches a connection to which something is sent that its socket didn't take at once: it is looked at soon, and not
  // first when it has been silent for too long. True as Watch's.
  bool WatchSending(CConnection& connection, MonotonicTime now);
  // Acts on who is due at `now`; returns the next deadline.
  std::optional<MonotonicTime> RunDue(MonotonicTime now);
  // The next deadline. Threads: any.
  std::optional<MonotonicTime> Next();
  // Slots that are watched. Threads: any.
  size_t Size();

 private:
  // A slot, and what was found when the connection in it was looked at.
  struct SWatched {
    uint32_t slot;
    bool wasSentTo = false;
    uint64_t takenAtLook = 0;
    MonotonicTime lookedAt = {};
  };
  using DeadlineMap = std::multimap<MonotonicTime, SWatched>;

  // When the connection has to be looked at again; nullopt when it isn't watched any more.
  std::optional<MonotonicTime> Judge(SWatched& watched, MonotonicTime now);
  // As Judge, for silence alone; MonotonicTime::max() when that doesn't matter.
  std::optional<MonotonicTime> JudgeSilence(SWatched& watched, CConnection& connection, const CSession& session,
                                            MonotonicTime now);
  // Of a connection that is being answered or sent to, which is no silence.
  std::optional<MonotonicTime> JudgeRate(SWatched& watched, CConnection& connection, const CSession& session,
                                         MonotonicTime now);
  // True when it is the earliest now. Nothing to do when its slot has an earlier one.
  bool Put(MonotonicTime deadline, const SWatched& watched);
  // Puts a node in, unless its slot has one with an earlier deadline.
  void Insert(DeadlineMap::node_type node) REQUIRES(m_mutex);
  DeadlineMap::iterator& PlaceOf(uint32_t slot) REQUIRES(m_mutex);

  // constant after construction
  const MonotonicTime::duration m_maxSession;  // zero: not watched
  CConnectionPool& m_pool;
  SInboxes& m_inboxes;
  CCloser m_closer;

  CMutex m_mutex;
  DeadlineMap m_deadlines GUARDED_BY(m_mutex);
  std::vector<DeadlineMap::iterator> m_places GUARDED_BY(m_mutex);  // by slot; end(): none
};

}  // namespace switchboard
