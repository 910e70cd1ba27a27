#pragma once

#include <atomic>
#include <optional>

#include "misc/CLimitedLog.h"
#include "misc/count/CTrace.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CThread.h"
#include "misc/thread/CWakeup.h"
#include "net/role/CBusinessPool.h"
#include "net/role/CSilenceWatch.h"
#include "net/role/CTimers.h"

namespace switchboard {

// sb-heart: sleeps until the next deadline, of a peer, of a timer or of lines that were held back, and acts on it.
// Threads: Start and Stop by the worker's main thread, Wake by any.
class CHeartThread {
 public:
  CHeartThread(const CClock& clock, CSilenceWatch& silence, CTimers& timers, CBusinessPool& business,
               CLimitedLog& limitedLog, SWorkerPage& page);

  void Start();
  void Stop();
  // There may be an earlier deadline than it knows of.
  void Wake() { m_wakeup.Signal(); }
  // The next deadline that it knows of. Threads: any.
  std::optional<MonotonicTime> Next() const;
  // Nothing is due, and nobody has woken it. Threads: any.
  bool IsIdle() const;

 private:
  void Run();

  const CClock& m_clock;
  CSilenceWatch& m_silence;
  CTimers& m_timers;
  CBusinessPool& m_business;
  CLimitedLog& m_limitedLog;
  CTrace m_trace;
  CWakeup m_wakeup;
  std::atomic<bool> m_isStopping{false};
  CThread m_thread;
};

}  // namespace switchboard
