#pragma once

#include <chrono>
#include <deque>
#include <vector>

#include "misc/CLimitedLog.h"
#include "misc/count/CTrace.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"
#include "misc/thread/CThread.h"
#include "misc/thread/CWakeup.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/Notes.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Closes peers, and gives their slots back after a cool-down.
//
// The socket is closed when the read half is nobody's and the write half is nobody's; what is queued gets
// server.shutdown_timeout_s to leave (again and again while some of it does, where the protocol says so). The slot goes
// back when, besides, the last handler has run and recycle.delay_ms has passed since.
// Threads: sb-recycle, but for Start, Stop and WaitUntilIdle, which the worker's main thread calls, and Interrupt.
class CRecycler {
 public:
  enum class EWait : uint8_t { kIdle, kTimeout, kInterrupted };

  // With a bell, the master hears of slots that become free when it wants to; it outlives the recycler.
  CRecycler(const SConfig& config, const CClock& clock, CConnectionPool& pool, SInboxes& inboxes, SWorkerPage& page,
            CLimitedLog& log, CWakeup* p_masterBell = nullptr);

  void Start();
  void Stop();
  // It was told nothing that it hasn't done. Threads: any.
  bool IsIdle() const { return m_inboxes.recycle.IsAwaited(); }
  // Waits until every socket is closed and every handler has run. Only once nothing is accepted any more.
  EWait WaitUntilIdle(MonotonicTime deadline);
  // Ends the wait that goes on, or else the next one. Threads: any.
  void Interrupt();

 private:
  struct STimed {
    MonotonicTime at;
    CSession session;
  };

  void Run();
  void Handle(const RecycleNote& note);
  // nullptr when the session is over.
  CConnection* Find(const CSession& session);
  void ConsiderIfOpen(CConnection* p_connection);
  // Closes the socket if nothing stands against it.
  void Consider(CConnection& connection);
  bool IsFlushed(CConnection& connection);
  void CloseSocket(CConnection& connection);
  // Whether the peer may still be sending what nobody reads: a close would reset the connection then, and the reset can
  // overtake the last answer.
  static bool IsToLinger(const CConnection& connection);
  // The socket is closed, and nothing more than its last handler keeps the slot.
  void LetGo(CConnection& connection);
  // So that who did wrong can be found.
  void LogClose(const CConnection& connection);
  void AbortOverdue(MonotonicTime now);
  void CoolDown(const CSession& session);
  void ReleaseCooled(MonotonicTime now);
  void TellMasterOfRoom();
  void TellIfIdle();
  // Waits for notes or the next deadline.
  void WaitForNotes(std::vector<RecycleNote>& notes);

  // constant after construction
  const std::chrono::milliseconds m_flushTimeout;
  const std::chrono::milliseconds m_coolDown;
  const CClock& m_clock;
  CConnectionPool& m_pool;
  SInboxes& m_inboxes;
  CCounters& m_counters;
  CLimitedLog& m_log;
  SHandOver& m_handOver;
  CWakeup* const m_p_masterBell;
  const std::vector<bool> m_isDispatched;  // by listener: the master accepts there

  // sb-recycle's; both queues are in the order of time, because the delays are constant
  std::deque<STimed> m_flushing;
  std::deque<STimed> m_cooling;
  bool m_hasMadeRoom = false;  // since the master was told
  bool m_isToldWhenIdle = false;
  bool m_isQuitting = false;
  CTrace m_trace;

  CMutex m_mutex;
  CCondition m_idle;
  bool m_isIdle GUARDED_BY(m_mutex) = false;
  bool m_isInterrupted GUARDED_BY(m_mutex) = false;

  CThread m_thread;
};

}  // namespace switchboard
