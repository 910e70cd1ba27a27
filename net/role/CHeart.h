#pragma once

#include <atomic>

#include "misc/CClock.h"
#include "misc/CThread.h"
#include "misc/CTrace.h"
#include "misc/CWakeup.h"
#include "net/role/CDispatcher.h"
#include "net/role/CHeartbeat.h"
#include "net/role/CTimers.h"

namespace switchboard {

// sb-heart: sleeps until the next deadline, of a peer or of a timer, and acts on it.
// Threads: Start and Stop by the worker's main thread, Wake by any.
class CHeart {
 public:
  CHeart(const CClock& clock, CHeartbeat& heartbeat, CTimers& timers, CDispatcher& dispatcher, SWorkerPage& page);

  void Start();
  void Stop();
  // There may be an earlier deadline than it knows of.
  void Wake() { m_wakeup.Signal(); }

 private:
  void Run();

  const CClock& m_clock;
  CHeartbeat& m_heartbeat;
  CTimers& m_timers;
  CDispatcher& m_dispatcher;
  CTrace m_trace;
  CWakeup m_wakeup;
  std::atomic<bool> m_isStopping{false};
  CThread m_thread;
};

}  // namespace switchboard
