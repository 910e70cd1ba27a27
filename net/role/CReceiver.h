#pragma once

#include <memory>
#include <optional>
#include <span>

#include "misc/CBufferPool.h"
#include "misc/CClock.h"
#include "misc/CLog.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CEpoll.h"
#include "net/conn/CFlowControl.h"
#include "net/conn/CPartialList.h"
#include "net/conn/Notes.h"
#include "net/role/CDispatcher.h"
#include "net/role/CHandlers.h"
#include "net/role/CHeart.h"
#include "net/role/CTurn.h"
#include "net/role/SReceiverParts.h"
#include "net/site/CHttpReceiver.h"

namespace switchboard {

// The read half of every connection: receives, cuts frames, runs inline handlers, and fills mailboxes.
// Threads: sb-io.
class CReceiver {
 public:
  CReceiver(const SReceiverParts& parts, CEpoll& epoll, CTrace& trace);

  // Makes an accepted socket a connection.
  void Adopt(CFd fd, const SPeer& peer, uint32_t listener, MonotonicTime now);
  // Something happened to the connection's socket.
  void OnEvent(CConnection& connection, uint32_t events, MonotonicTime now);
  // Reads again what rested.
  void Resume(const CSession& session, MonotonicTime now);
  // The connection has moved on from open: lets go of it, and of a deferral that nobody wants answered.
  void Detach(const CSession& session);
  // Tells every client that the worker drains, or, without protocol.goaway, has it drain at once; HTTP connections end
  // after the answer in hand.
  void SayGoAway(uint32_t drainMs, EGoAwayReason reason, MonotonicTime now);
  // Moves every connection on to `phase`, because the worker stops.
  void DetachAll(EPhase phase);
  // Detaches those whose started packet is overdue.
  void ExpirePartials(MonotonicTime now);
  std::optional<MonotonicTime> NextDeadline() const;
  // Takes what a peer has sent out of the kernel's buffer, up to a bound: closing over unread bytes would reset the
  // connection, and the reset can overtake the last answer. Threads: sb-recycle, for a socket that nobody reads.
  static void DiscardInput(int socket);
  // Puts the connections that got work since the last call into the run queue.
  void FlushRunnable();
  // Writes the lines of the access logs that were gathered since the last call.
  void FlushLogs() { m_http.FlushLogs(); }
  void ReopenLogs() { m_http.ReopenLogs(); }

 private:
  void Receive(CConnection& connection, MonotonicTime now);
  // Does what has come out of the input of an HTTP connection.
  void Act(CConnection& connection, const SHttpOutcome& outcome, MonotonicTime now);
  void Deliver(CConnection& connection, const CFrameDecoder::SCut& cut);
  // Runs the leading inline packets of `head` and `rest`, and takes them off; returns how many.
  uint32_t RunInline(CConnection& connection, std::span<const std::byte>& head, std::span<const std::byte>& rest);
  // Runs the leading inline packets of one span.
  uint32_t RunInlinePart(std::span<const std::byte>& frames);
  void PostBlock(CConnection& connection, std::span<const std::byte> head, std::span<const std::byte> rest,
                 uint32_t frames);
  void Rest(CConnection& connection);
  // Calls `visit` for every connection that lives.
  template <class Visit>
  void ForEach(Visit visit);
  void EndHttp(CConnection& connection, MonotonicTime now);
  void MoveOn(CConnection& connection, EPhase phase, ECloseReason reason);
  void LetGo(CConnection& connection);

  // constant after construction
  const SReceiverParts m_parts;
  const SLimitsConfig m_limits;
  const SFloodConfig m_flood;
  const bool m_runsInline;  // in a process pool everything runs on its one business thread
  CCounters& m_counters;
  CEpoll& m_epoll;
  std::unique_ptr<std::byte[]> m_p_buffer;  // for one recv at a time

  CTurn m_turn;
  CHttpReceiver m_http;
  CPartialList m_partials;
  CRunList m_runnable;
};

}  // namespace switchboard
