#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/wire/Counters.h"
#include "proc/master/CBulletin.h"
#include "proc/master/CMasterLog.h"
#include "proc/master/CUpgrade.h"
#include "proc/start/CRunFiles.h"
#include "proc/sys/CBackoff.h"
#include "proc/sys/CNotify.h"
#include "proc/sys/CPrivileges.h"
#include "proc/sys/CWaiter.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"
#include "proc/workforce/CAutoscaler.h"
#include "proc/workforce/CGenerations.h"
#include "proc/workforce/CWorkerEnd.h"
#include "proc/workforce/CWorkforce.h"

// Over the rule: one state machine, which can be checked against its drawing in one place only.
namespace switchboard {

// What the lifecycle needs from outside; all references outlive it.
struct SLifecycleDeps {
  CLog& log;
  const CClock& clock;
  const CPrivileges& privileges;
  CListenerStore& listeners;
  CScoreboard& scoreboard;
  const CProcessNumbers& numbers;
  CRunFiles& files;
  const SProgramStart& program;
  const std::function<SConfig()>& loadConfig;  // throws std::exception with one line
  CWaiter& waiter;
  uint64_t upgradeKey;  // of the new binary's pipe in the waiter
  CWorkforce& workforce;
  CGenerations& generations;
  CAutoscaler& autoscaler;
};

// What serves, and what follows it: the next generation of workers (reload) or the next binary (upgrade), a rest, the
// end. One state at a time:
//
//              all ready                          HUP
//   starting ────────────> serving ─────────────────────────────────> reloading
//                           │ ^  ^──── all ready, or one failed ──────────┘
//                      USR2 │ └─ the new binary has ended ──┐
//                           └──────────────────────────> upgrading
//
//   serving, reloading, upgrading ── WINCH ─> resting ── HUP, or the new binary has ended ─> returning
//                                                ^─────────── WINCH, or one failed ──────────────┤
//                                  serving, or upgrading while there is a new binary <─ all ready ┘
//
// A return that failed while there is no new binary is tried again: nobody serves meanwhile.
//
//   any ── TERM, INT, QUIT; a start that failed; no worker left ─> stopping
//
// HUP and USR2 wait while it is starting, reloading or returning. While resting or returning there may be a new binary
// too: that is what a rest is for.
// Threads: one, the master's.
class CLifecycle {
 public:
  enum class EState : uint8_t { kStarting, kServing, kReloading, kUpgrading, kResting, kReturning, kStopping };

  explicit CLifecycle(const SLifecycleDeps& deps);

  EState State() const { return m_state; }
  // Nothing is being changed.
  bool IsSettled() const { return m_state == EState::kServing; }
  // Why the start failed, and what the process ends with after a failure later.
  const std::string& StartError() const { return m_startError; }
  int ExitCode() const { return m_exitCode; }

  // What the operator asks for.
  void Reload();
  void Upgrade();
  void Rest();
  void Stop(EStopMode mode);
  void ReopenLogs();

  // All workers of the first start are ready; or there will be no server.
  void FinishStart();
  void FailStart(std::string why, EStopMode mode);
  // Orders that came during the start.
  void DoWhatWaited();
  // What happens to a worker.
  void OnHeard(pid_t pid, const CWorkforce::SHeard& heard);
  void OnEnd(const CWorkerEnd& end);
  // What happens to the new binary: it has said something; its process has ended.
  void HearUpgrade();
  bool IsUpgrade(pid_t pid) const { return pid == m_upgrade.Pid(); }
  void OnUpgradeEnd(int status);
  // While stopping: the new binary has yet to say whether it serves. Until then the sockets, and who can end it should
  // it hang, stay.
  bool AwaitsUpgrade() const { return m_upgrade.IsPending(); }

  std::optional<MonotonicTime> NextDeadline() const;
  void HandleDeadlines();
  // In a forked worker: closes what is the master's.
  void Forget() { m_upgrade.ClosePipe(); }

 private:
  enum class EOrder : uint8_t { kReload, kUpgrade };  // in this order, when both wait

  bool IsIn(std::initializer_list<EState> states) const { return std::ranges::count(states, m_state) != 0; }
  bool IsStartingWorkers() const { return IsIn({EState::kStarting, EState::kReloading, EState::kReturning}); }
  bool IsServing() const { return IsIn({EState::kServing, EState::kReloading, EState::kUpgrading}); }
  EState WhileServing() const { return m_upgrade.IsRunning() ? EState::kUpgrading : EState::kServing; }

  // The reload. Each step either leads to the next one or to FailReload, and all end in the bulletin.
  std::optional<SConfig> LoadNextConfig();
  void StartGeneration(SConfig config);
  void FinishReload();
  void FailReload(const std::string& why);
  // The next generation's workers go, and the state is what it was before.
  void DropNextGeneration();
  // Has every listening socket served.
  void HandOver();

  // Whether another binary goes on with the service when this one ends.
  bool HasSuccessor() const;
  // Those that serve, why ever the server stops serving.
  void TellWorkersToLeave(EStopMode mode);
  // Those that the current generation doesn't need.
  void RelieveOthers();

  void ReplaceOrGiveUp(const CWorkerEnd& end);
  void StopIfNobodyIsLeft();
  void TellReopened();

  CGeneration& Current() const { return *m_deps.generations.Current(); }
  CWorkerSet& Workers() const { return m_deps.workforce.Workers(); }
  CLoadBalancer& Balancer() const { return m_deps.workforce.Balancer(); }

  const SLifecycleDeps m_deps;
  CNotify m_notify;
  CBulletin m_bulletin;
  const CMasterLog m_log;
  CUpgrade m_upgrade;

  EState m_state = EState::kStarting;
  EStopMode m_stopMode = EStopMode::kGraceful;
  std::set<EOrder> m_waiting;  // orders that came while workers were started
  std::string m_refusal;       // why the workers that return have the old configuration, and not that of the file
  std::string m_keptKeys;      // which the reload under way leaves as they are, for who has asked for it
  CBackoff m_returnBackoff;
  std::optional<MonotonicTime> m_returnAt;  // while resting: when the return is tried again
  std::string m_startError;                 // the first one
  int m_exitCode = 0;
  bool m_isReopening = false;  // the logs
};

}  // namespace switchboard
