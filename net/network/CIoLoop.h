#pragma once

#include <optional>
#include <span>
#include <vector>

#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"
#include "misc/thread/CPreemption.h"
#include "misc/thread/CThread.h"
#include "net/accept/CAcceptor.h"
#include "net/accept/CDispatchAccept.h"
#include "net/conn/CEpoll.h"
#include "net/conn/Notes.h"
#include "net/network/CStallWatch.h"
#include "net/role/CReceiver.h"

namespace switchboard {

// sb-io: one epoll loop that hands events to the acceptor and the receiver.
// Threads: the worker's main thread; the loop itself is sb-io's.
class CIoLoop {
 public:
  // With a bell, the master may pass clients that it has accepted (accept = "dispatch"); it outlives the loop.
  CIoLoop(const SReceiverParts& parts, const CClock& clock, std::vector<SListenerSocket> listeners,
          CWakeup* p_masterBell);

  // Throws std::system_error.
  void Start();
  // Accepts on one more listening socket: the accept queue of a worker that retired. Throws std::system_error.
  void AddListener(SListenerSocket listener);
  // Takes a client that the master has accepted on the listener with this index.
  void AddClient(CFd fd, uint32_t listener) { m_p_dispatched->Post(std::move(fd), listener); }
  // Tells every client that the worker drains.
  void SayFarewell(const SFarewell& farewell);
  // Opens the access logs anew, soon.
  void ReopenLogs();
  // Accepts what waits.
  void AcceptAll();
  // Stops accepting for good, as CAcceptor::Stop; on return no more connection will be made.
  void StopAccepting(bool isServersEnd);
  // Stops reading every connection: gracefully answers what was read, else only what is queued leaves.
  void StopReading(bool isGraceful);
  // What is still open is dropped.
  void AbortAll();
  void Stop();
  // It was told nothing, and no socket has anything, that it hasn't seen to. Threads: any.
  bool IsIdle() const { return m_inboxes.io.IsAsleep() && !m_epoll.HasEvents(); }

 private:
  void Run();
  void TakeNotes(std::vector<IoNote>& notes, MonotonicTime now);
  void Handle(const IoNote& note, MonotonicTime now);
  void AdoptListeners();
  void HandleEvent(const epoll_event& event, MonotonicTime now);
  // Waits for events until the deadline; the time is `now` then.
  std::span<epoll_event> Wait(std::span<epoll_event> events, std::optional<MonotonicTime> deadline, MonotonicTime& now);
  std::optional<MonotonicTime> NextDeadline() const;
  // Posts a note and waits until sb-io has acted on it.
  void PostAndWait(const IoNote& note);
  // Ends that wait, if there is one.
  void TellDone();

  // constant after construction
  const CClock& m_clock;
  CConnectionPool& m_pool;
  SInboxes& m_inboxes;
  SWorkerPage& m_page;
  CWakeup* const m_p_masterBell;
  const bool m_isFloodGuarded;
  CPreemption& m_preemption;

  // sb-io's
  SReadTurn& m_reading;
  CTrace& m_trace;
  CEpoll m_epoll;
  CStallWatch m_stalls;
  CPreemption::CFollower m_follower;
  CReceiver m_receiver;
  CAcceptor m_acceptor;
  CDispatchAccept* m_p_dispatched = nullptr;  // the acceptor's, from Start on
  bool m_isQuitting = false;
  bool m_isDoneDue = false;

  CMutex m_mutex;
  CCondition m_done;
  bool m_isDone GUARDED_BY(m_mutex) = false;
  std::vector<SListenerSocket> m_newListeners GUARDED_BY(m_mutex);

  CThread m_thread;
};

}  // namespace switchboard
