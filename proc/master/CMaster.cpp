#include "proc/master/CMaster.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

#include "proc/sys/Earliest.h"
#include "proc/sys/IsGracefulStop.h"

namespace switchboard {

namespace {

// The waiter's keys of what is no worker; a worker's is its pid, and 1 is init's.
constexpr uint64_t kSignalsKey = 0;
constexpr uint64_t kUpgradeKey = 1;
constexpr uint64_t kBalancerKey = uint64_t{1} << 32;  // above all pids

}  // namespace

CMaster::CMaster(SMasterDeps deps, std::unique_ptr<CSignals> p_signals)
    : m_deps(std::move(deps)),
      m_p_signals(std::move(p_signals)),
      m_p_waiter(std::make_unique<CWaiter>()),
      m_workforce(m_deps.log, m_deps.clock, m_deps.listeners, m_deps.scoreboard, m_deps.numbers, *m_p_waiter,
                  [this](const SWorkerLaunch& launch, CChannel channel) { BecomeWorker(launch, std::move(channel)); }),
      m_generations(m_deps.log, m_deps.clock, m_deps.listeners, m_workforce.Workers(), m_deps.config),
      m_autoscaler(m_deps.log, m_deps.clock, m_workforce, m_generations),
      m_lifecycle({m_deps.log, m_deps.clock, m_deps.privileges, m_deps.listeners, m_deps.scoreboard, m_deps.numbers,
                   m_deps.files, m_deps.program, m_deps.loadConfig, *m_p_waiter, kUpgradeKey, m_workforce,
                   m_generations, m_autoscaler}) {
  m_p_waiter->Add(m_p_signals->Fd(), kSignalsKey);
  m_p_waiter->Add(m_workforce.Balancer().Fd(), kBalancerKey);
}

void CMaster::Start() {
  for (uint32_t slot = 0; slot < Current().Slots(); ++slot) m_workforce.Spawn(m_generations.Current(), slot);
  while (IsIn(CLifecycle::EState::kStarting) && !m_workforce.Workers().AreReady(Current())) RunOnce();
  if (IsIn(CLifecycle::EState::kStarting)) return m_lifecycle.FinishStart();
  while (!m_workforce.Workers().IsEmpty()) RunOnce();
  throw std::runtime_error(m_lifecycle.StartError());
}

int CMaster::Run() {
  m_lifecycle.DoWhatWaited();
  while (!IsIn(CLifecycle::EState::kStopping) || !m_workforce.Workers().IsEmpty() || m_lifecycle.AwaitsUpgrade()) {
    RunOnce();
  }
  m_workforce.Supervisor().FlushLog();
  return m_lifecycle.ExitCode();
}

void CMaster::RunOnce() {
  const auto deadline = Earliest(
      {m_workforce.NextDeadline(), m_autoscaler.NextDeadline(), m_lifecycle.NextDeadline(), Current().NextRespawn()});
  for (const uint64_t key : m_p_waiter->Wait(deadline)) {
    if (key == kSignalsKey) {
      HandleSignals();
    } else if (key == kUpgradeKey) {
      m_lifecycle.HearUpgrade();
    } else if (key == kBalancerKey) {
      m_workforce.Balancer().HandleEvents();
    } else {
      HandleChannel(static_cast<pid_t>(key));
    }
  }
  HandleDeadlines();
  m_workforce.Balancer().Deliver();
  if (m_lifecycle.IsSettled() && m_workforce.Balancer().WantsWorker()) m_autoscaler.AddOnDemand();
}

void CMaster::HandleDeadlines() {
  m_workforce.HandleDeadlines();
  m_lifecycle.HandleDeadlines();
  m_autoscaler.HandleDeadline(m_lifecycle.IsSettled());
  const MonotonicTime now = m_deps.clock.Now();
  for (uint32_t slot = 0; slot < Current().Slots(); ++slot) {
    const std::optional<MonotonicTime> respawnAt = Current().Slot(slot).respawnAt;
    if (respawnAt && *respawnAt <= now) m_workforce.Respawn(m_generations.Current(), slot);
  }
}

void CMaster::HandleSignals() {
  while (const std::optional<SSignal> signal = m_p_signals->Next()) HandleSignal(*signal);
}

void CMaster::HandleSignal(const SSignal& signal) {
  if (signal.number == SIGCHLD) return Reap();
  // Sent to a terminal's foreground processes whenever its window changes.
  if (signal.number == SIGWINCH && signal.sender == 0) return;
  m_deps.log.Info("{} received from {}", CSignals::Name(signal.number),
                  signal.sender == 0 ? "the terminal" : fmt::format("process {}", signal.sender));
  const EStopMode mode = IsGracefulStop(signal.number, Current().Config()) ? EStopMode::kGraceful : EStopMode::kFast;
  switch (signal.number) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      if (!IsIn(CLifecycle::EState::kStarting)) return m_lifecycle.Stop(mode);
      return m_lifecycle.FailStart(CSignals::Name(signal.number) + " stopped the start", mode);
    case SIGUSR1:
      return m_lifecycle.ReopenLogs();
    case SIGHUP:
      return m_lifecycle.Reload();
    case SIGUSR2:
      return m_lifecycle.Upgrade();
    case SIGWINCH:
      return m_lifecycle.Rest();
    default:
      return;
  }
}

void CMaster::Reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0;) {
    if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
      m_workforce.OnPaused(pid, WIFSTOPPED(status));
    } else if (m_lifecycle.IsUpgrade(pid)) {
      m_lifecycle.OnUpgradeEnd(status);
    } else {
      HandleEnd(pid, status);
    }
  }
}

void CMaster::HandleEnd(pid_t pid, int status) {
  // Its last words may have arrived after the last look at the channel.
  HandleChannel(pid);
  m_autoscaler.Forget(pid);
  if (const std::optional<CWorkerEnd> end = m_workforce.End(pid, status)) m_lifecycle.OnEnd(*end);
}

// The objects on the master's stack stay as they are, and are never destroyed in the worker: exit(3) doesn't unwind.
void CMaster::BecomeWorker(const SWorkerLaunch& launch, CChannel channel) noexcept {
  m_workforce.Forget();
  m_lifecycle.Forget();
  m_p_waiter.reset();
  m_p_signals.reset();
  SWorkerLaunch mine = launch;
  mine.p_masterBell = &m_workforce.Balancer().Bell();
  std::exit(m_deps.workerMain(mine, std::move(channel)));
}

}  // namespace switchboard
