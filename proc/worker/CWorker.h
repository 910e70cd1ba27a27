#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "misc/CLog.h"
#include "misc/config/CSandboxWishes.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/network/CNetwork.h"
#include "net/wire/Counters.h"
#include "proc/sys/CChannel.h"
#include "proc/sys/CPrivileges.h"
#include "proc/sys/CSignals.h"
#include "proc/sys/CWaiter.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CWorkerSet.h"
#include "proc/worker/LogicFactory.h"

namespace switchboard {

// Of a worker that runs in the process of its server, without a master.
struct SWorkerAlone {
  std::function<void()> ready;             // it serves
  std::function<void(int signal)> refuse;  // HUP, USR2, WINCH: a master would know what to do
};

// What a worker needs from outside; all references outlive it.
struct SWorkerDeps {
  CLog& log;
  const CClock& clock;
  const CPrivileges& privileges;
  CListenerStore& listeners;
  SWorkerPage& page;
  const CQuarantine& quarantine;
  const LogicFactory& factory;
  const CSandboxWishes& wishes;
  const SWorkerAlone* p_alone = nullptr;  // none: there is a master
};

// The process that serves clients: starts the logic and the network, and stops them when told.
// Threads: one, the first of its process.
class CWorker {
 public:
  // The launch's references outlive the worker.
  CWorker(const SWorkerDeps& deps, const SWorkerLaunch& launch, CChannel channel);

  // Returns the exit code of the process. While it serves: SIGTERM and SIGINT stop at once, SIGQUIT and the death of
  // the master stop after everything is answered, SIGUSR1 reopens the log; and it serves what sockets and clients the
  // master sends.
  int Run();

 private:
  // nullopt when the worker serves, else the exit code.
  std::optional<int> TryStart();
  void OpenLog();
  // Nothing of the logic has run yet, and there are no other threads.
  void EnterSandbox();
  std::vector<SListenerSocket> OpenListeners();
  // Those of one [[listener]]: what the master keeps for this slot, and for slots that are gone.
  void AddSockets(uint32_t place, std::vector<SListenerSocket>& sockets);
  EStopMode WaitForOrder();
  // False when the master is dead.
  bool TakeMessages();
  // nullopt when none of the pending signals is about the end.
  std::optional<EStopMode> TakeOrder();
  void Stop(EStopMode mode);
  // Packets that got no answer, since nobody was there any more to take it or to give it.
  uint64_t Discarded() const;
  // The body of sb-guard, beside a stop: hastens it when it shall not be graceful any more, and ends the process when
  // it takes too long.
  void GuardStop(int done);

  const SWorkerDeps m_deps;
  const SConfig& m_config;
  const CGeneration& m_generation;
  const uint32_t m_slot;
  const uint32_t m_process;
  CWakeup* const m_p_masterBell;
  SHubLaunch* const m_p_hub;
  CChannel m_channel;
  CSignals m_signals;
  CWaiter m_waiter;
  bool m_isStopping = false;                      // set before sb-guard begins
  EGoAwayReason m_reason = EGoAwayReason::kStop;  // to be told to the clients
  bool m_isLastCall = false;                      // some listener goes with this worker
  std::unique_ptr<CLogic> m_p_logic;
  std::unique_ptr<CNetwork> m_p_network;  // after the logic: it ends first
};

}  // namespace switchboard
