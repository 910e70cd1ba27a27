#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>

#include "misc/thread/CClock.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CEpoll.h"
#include "net/conn/Notes.h"

namespace switchboard {

// Drops what the peers of closed connections still send, until they end the stream, are silent for a while, or have had
// their time: a close before that would be a reset, which can overtake the last answer.
// Threads: sb-io.
class CLingering {
 public:
  // `buffer` is for one read at a time.
  CLingering(CConnectionPool& pool, SInboxes& inboxes, CEpoll& epoll, std::span<std::byte> buffer)
      : m_pool(pool), m_inboxes(inboxes), m_epoll(epoll), m_buffer(buffer) {}

  // sb-recycle hears of the end.
  void Begin(const CSession& session, MonotonicTime now);
  // Something came.
  void DropInput(CConnection& connection, MonotonicTime now);
  void Expire(MonotonicTime now);
  std::optional<MonotonicTime> Next() const;
  // From now on nobody lingers.
  void EndAll();

 private:
  // When a connection is looked at, and when it has to end.
  struct SLingering {
    MonotonicTime at;
    MonotonicTime end;
    CSession session;
  };

  void End(CConnection& connection);

  CConnectionPool& m_pool;
  SInboxes& m_inboxes;
  CEpoll& m_epoll;
  const std::span<std::byte> m_buffer;
  std::deque<SLingering> m_queue;  // in the order of `at`, because the time between looks is constant
  bool m_isStopping = false;
};

}  // namespace switchboard
