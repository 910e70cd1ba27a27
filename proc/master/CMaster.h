#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "misc/CClock.h"
#include "misc/CLog.h"
#include "net/config/CConfig.h"
#include "net/network/CNetwork.h"
#include "net/wire/Counters.h"
#include "proc/health/CIoLoad.h"
#include "proc/health/CScaler.h"
#include "proc/health/CSupervisor.h"
#include "proc/master/CAcceptDispatcher.h"
#include "proc/master/CGenerations.h"
#include "proc/master/CMasterLog.h"
#include "proc/master/CUpgrade.h"
#include "proc/master/CWorkerEnd.h"
#include "proc/start/CRunFiles.h"
#include "proc/sys/CNotify.h"
#include "proc/sys/CPrivileges.h"
#include "proc/sys/CSignals.h"
#include "proc/sys/CWaiter.h"
#include "proc/sys/SProgramStart.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CWorkerSet.h"

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
  CRunFiles& files;
  const SProgramStart& program;
  std::function<SConfig()> loadConfig;  // for a reload; throws std::exception with one line
  WorkerMain workerMain;
};

// The process that keeps the workers: starts them, replaces the dead, reloads, upgrades, passes the operator's signals
// on.
//
//   Start ─> serving ─ WINCH ─> resting: the workers leave, the master and the sockets stay
//               │  ^─── HUP ──────┘
//               └─ TERM, INT, QUIT ─> stopping ─> the last worker has ended
//
// A reload (HUP) starts a next generation of workers beside the current one. When all of the next are ready, it becomes
// the current one, and the old workers are told to leave; when one of them fails, they all go, and nothing has changed.
// Threads: one, the only one of its process; this is where the server forks.
class CMaster {
 public:
  CMaster(SMasterDeps deps, std::unique_ptr<CSignals> p_signals);
  // Kills what is left of the workers, and waits for it.
  ~CMaster();
  CMaster(const CMaster&) = delete;
  CMaster& operator=(const CMaster&) = delete;

  // Starts a worker in every slot, and returns when all serve. Throws std::runtime_error with one line when one of them
  // fails or a signal stops the start; no worker is left then.
  void Start();
  // Keeps the workers until a signal stops the server and the last one is gone. Returns the exit code.
  int Run();

 private:
  enum class EPhase : uint8_t { kStarting, kServing, kResting, kStopping };

  void RunOnce();
  std::optional<MonotonicTime> NextDeadline() const;
  void HandleDeadlines();

  void HandleSignals();
  void HandleSignal(const SSignal& signal);
  void ReopenLogs();
  void Rest();
  void Stop(EStopMode mode);
  // Whether another binary goes on with the service when this one ends.
  bool HasSuccessor() const;
  // Those that serve, why ever the server stops serving.
  void TellWorkersToLeave(EStopMode mode);
  void TellToStop(SWorkerProcess& worker, EStopMode mode, EGoAwayReason reason);

  // The reload. Each step either leads to the next one or to FailReload.
  void Reload();
  std::optional<SConfig> LoadNextConfig();
  void StartGeneration(SConfig config);
  void FinishReload();
  void FailReload(const std::string& why);
  void DropNextGeneration();
  // Has every listening socket served.
  void HandOver();
  // What came during a reload and had to wait.
  void DoWhatWaited();
  CGeneration& Current() const { return *m_generations.Current(); }
  bool IsReloading() const { return m_generations.Next() != nullptr; }

  // The upgrade.
  void StartUpgrade();
  void HearUpgrade();
  void HandleUpgradeEnd(int status);

  // Dynamic workers.
  void Scale();
  std::vector<double> MeasureLoads();
  void AddWorker(const std::string& why);
  void AddWorkerOnDemand();
  bool IsSettled() const;
  bool IsProcessPool() const { return Current().Config().business.mode == EBusinessMode::kProcessPool; }
  void RetireWorker();

  [[noreturn]] void BecomeWorker(const SWorkerLaunch& launch, CChannel channel) noexcept;
  void Spawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot);
  void Respawn(uint32_t slot);

  void HandleChannel(pid_t pid);
  void HandleMessage(SWorkerProcess& worker, SMessage message);
  void HandleReady(SWorkerProcess& worker);

  void Reap();
  void HandleEnd(pid_t pid, int status);
  void CloseAccount(const CWorkerEnd& end);
  void ReplaceOrGiveUp(const CWorkerEnd& end);
  void StopIfNobodyIsLeft();

  SMasterDeps m_deps;
  std::unique_ptr<CSignals> m_p_signals;
  std::unique_ptr<CWaiter> m_p_waiter;
  CSupervisor m_supervisor;
  CNotify m_notify;
  const CMasterLog m_log;
  CUpgrade m_upgrade;
  CIoLoad m_ioLoad;
  CScaler m_scaler;
  CWorkerSet m_workers;
  CAcceptDispatcher m_dispatcher;
  CGenerations m_generations;

  EPhase m_phase = EPhase::kStarting;
  EStopMode m_stopMode = EStopMode::kGraceful;
  std::string m_startError;  // the first one
  int m_exitCode = 0;

  bool m_isReloadWaiting = false;
  bool m_isUpgradeWaiting = false;
};

}  // namespace switchboard
