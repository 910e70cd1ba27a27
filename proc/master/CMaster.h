#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "proc/master/CLifecycle.h"
#include "proc/start/CRunFiles.h"
#include "proc/sys/CPrivileges.h"
#include "proc/sys/CSignals.h"
#include "proc/sys/CWaiter.h"
#include "proc/sys/SProgramStart.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"
#include "proc/worker/CWorkerSet.h"
#include "proc/workforce/CAutoscaler.h"
#include "proc/workforce/CGenerations.h"
#include "proc/workforce/CWorkforce.h"

namespace switchboard {

// What a forked worker does, from its first to its last line; returns the exit code of the process.
using WorkerMain = std::function<int(const SWorkerLaunch& launch, CChannel channel)>;

// What a master needs from outside; all references outlive it.
struct SMasterDeps {
  const SConfig& config;  // at the start
  CLog& log;
  const CClock& clock;
  const CPrivileges& privileges;
  CListenerStore& listeners;
  CScoreboard& scoreboard;
  CProcessNumbers& numbers;
  CRunFiles& files;
  const SProgramStart& program;
  std::function<SConfig()> loadConfig;  // for a reload; throws std::exception with one line
  WorkerMain workerMain;
};

// The process that keeps the workers: waits for what happens, and has it handled. What is served is CLifecycle's, the
// workers are CWorkforce's, their number is CAutoscaler's.
// Threads: one, the only one of its process; this is where the server forks.
class CMaster {
 public:
  CMaster(SMasterDeps deps, std::unique_ptr<CSignals> p_signals);
  CMaster(const CMaster&) = delete;
  CMaster& operator=(const CMaster&) = delete;

  // Starts a worker in every slot, and returns when all serve. Throws std::runtime_error with one line when one of them
  // fails or a signal stops the start; no worker is left then.
  void Start();
  // Keeps the workers until a signal stops the server and the last one is gone. Returns the exit code.
  int Run();

 private:
  void RunOnce();
  void HandleDeadlines();
  void HandleSignals();
  void HandleSignal(const SSignal& signal);
  void HandleChannel(pid_t pid) { m_lifecycle.OnHeard(pid, m_workforce.Hear(pid)); }
  void Reap();
  void HandleEnd(pid_t pid, int status);
  [[noreturn]] void BecomeWorker(const SWorkerLaunch& launch, CChannel channel) noexcept;

  CGeneration& Current() const { return *m_generations.Current(); }
  bool IsIn(CLifecycle::EState state) const { return m_lifecycle.State() == state; }

  SMasterDeps m_deps;
  std::unique_ptr<CSignals> m_p_signals;
  std::unique_ptr<CWaiter> m_p_waiter;
  CWorkforce m_workforce;
  CGenerations m_generations;
  CAutoscaler m_autoscaler;
  CLifecycle m_lifecycle;
};

}  // namespace switchboard
