#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "misc/CLimitedLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CEpoll.h"
#include "net/conn/CMemoryCeiling.h"
#include "net/conn/CPartialList.h"
#include "net/conn/Notes.h"
#include "net/role/CBusinessPool.h"
#include "net/role/CHeartThread.h"
#include "net/role/CLingering.h"
#include "net/role/CProtocol.h"
#include "net/role/CSilenceWatch.h"
#include "net/role/SReadParts.h"

namespace switchboard {

// By listener.
using Protocols = std::vector<std::unique_ptr<CProtocol>>;

// What a receiver works with; all of it outlives the receiver.
struct SReceiverParts {
  const SConfig& config;
  CConnectionPool& pool;
  SInboxes& inboxes;
  CBusinessPool& business;
  CSilenceWatch& silence;
  CHeartThread& heart;
  const Protocols& protocols;
  SReadTurn& reading;
  SWorkerPage& page;
  CMemoryCeiling& ceiling;
  CLimitedLog& log;
};

// The read half of every connection: receives, and does what the connection's protocol makes of it.
// Threads: sb-io.
class CReceiver {
 public:
  CReceiver(const SReceiverParts& parts, CEpoll& epoll);

  // Makes an accepted socket a connection.
  void Adopt(CFd fd, const SPeer& peer, uint32_t listener, MonotonicTime now);
  // Something happened to the connection's socket.
  void OnEvent(CConnection& connection, uint32_t events, MonotonicTime now);
  // Reads again what rested.
  void Resume(const CSession& session, MonotonicTime now);
  // The connection has moved on: lets go of it, and of deferrals that nobody wants answered.
  void OnPhaseMoved(const CSession& session);
  // Nothing was heard of it for too long, unless something waits in its socket.
  void LookAtSilent(const CSession& session, MonotonicTime now);
  // It is sent to, and doesn't take all of it at once.
  void WatchSending(const CSession& session, MonotonicTime now);
  // Drops what the peer of a closed connection still sends, until it ends the stream or nothing comes for a while.
  void Linger(const CSession& session, MonotonicTime now) { m_lingering.Begin(session, now); }
  // Tells every client that the worker drains. Whom its protocol can tell with an answer only has a moment to ask for
  // one; who can't be told drains at once.
  void SayFarewell(const SFarewell& farewell, MonotonicTime now);
  // Moves every connection on to `phase`, because the worker stops.
  void DetachAll(EPhase phase);
  // All connections together hold more than limits.total_bytes: closes those that hold the most.
  void MakeRoom();
  // Does what is due at NextDeadline.
  void HandleDeadlines(MonotonicTime now);
  std::optional<MonotonicTime> NextDeadline() const;
  // Puts the connections that got work since the last call into the run queue.
  void FlushRunnable();
  // Writes what the protocols put off since the last call.
  void FlushLogs();
  void ReopenLogs();

 private:
  // Takes what has arrived; the bytes that were read.
  size_t Receive(CConnection& connection, MonotonicTime now);
  void Act(CConnection& connection, const SReading& reading, MonotonicTime now);
  // Ends those whose started request is overdue; what waits in their sockets is read first.
  void ExpirePartials(MonotonicTime now);
  void Rest(CConnection& connection, MonotonicTime now);
  // Counts what the connection holds as input.
  void CountInput(CConnection& connection);
  // Calls `visit` for every connection that lives.
  template <class Visit>
  void ForEach(Visit visit);
  void MoveOn(CConnection& connection, EPhase phase, ECloseReason reason);
  void LetGo(CConnection& connection);

  // constant after construction
  const SReceiverParts m_parts;
  const MonotonicTime::duration m_packetTimeout;
  CCounters& m_counters;
  CEpoll& m_epoll;
  std::unique_ptr<std::byte[]> m_p_buffer;  // for one read at a time

  CPartialList m_partials;
  CLingering m_lingering;
  SFarewell m_farewell;
  std::optional<MonotonicTime> m_momentEnd;  // of the farewell
};

}  // namespace switchboard
