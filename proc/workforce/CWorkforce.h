#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/wire/Counters.h"
#include "proc/health/CSupervisor.h"
#include "proc/sys/CWaiter.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"
#include "proc/worker/CWorkerSet.h"
#include "proc/workforce/CLoadBalancer.h"
#include "proc/workforce/CWorkerEnd.h"

namespace switchboard {

// The workers of all generations, with those who look after them: each hears of a worker's start, messages and end.
// Threads: one, the master's.
class CWorkforce {
 public:
  // References outlive the object; `waiter` waits for the channels, under the pids of their workers.
  // Throws std::system_error.
  CWorkforce(CLog& log, const CClock& clock, CListenerStore& listeners, CScoreboard& scoreboard,
             CProcessNumbers& numbers, CWaiter& waiter, CWorkerSet::Become become);
  // Kills what is left of the workers, and waits for it.
  ~CWorkforce();
  CWorkforce(const CWorkforce&) = delete;
  CWorkforce& operator=(const CWorkforce&) = delete;

  CWorkerSet& Workers() { return m_workers; }
  CLoadBalancer& Balancer() { return m_balancer; }
  CSupervisor& Supervisor() { return m_supervisor; }

  // Throws std::system_error.
  void Spawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot);
  // As Spawn, but tries again later when it fails.
  void Respawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot);
  void TellToStop(SWorkerProcess& worker, EStopMode mode, EGoAwayReason reason);

  // What a worker has said since the last call.
  struct SHeard {
    bool isReady = false;      // it serves
    bool hasListener = false;  // it has opened a socket
  };
  SHeard Hear(pid_t pid);
  void OnPaused(pid_t pid, bool isPaused);
  // After all that it said was heard: its account is closed. nullopt when this is no worker's pid.
  std::optional<CWorkerEnd> End(pid_t pid, int status);

  std::optional<MonotonicTime> NextDeadline();
  void HandleDeadlines();
  // In a forked worker: closes what belongs to the others.
  void Forget();

 private:
  bool MayKeep(const SWorkerProcess& worker, const SMessage& message) const;

  CLog& m_log;
  const CClock& m_clock;
  CListenerStore& m_listeners;
  CScoreboard& m_scoreboard;
  CWaiter& m_waiter;
  CSupervisor m_supervisor;
  CWorkerSet m_workers;
  CLoadBalancer m_balancer;
};

}  // namespace switchboard
