#include "proc/master/CLifecycle.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "proc/master/FixedKeys.h"
#include "proc/sys/Earliest.h"
#include "proc/sys/ExitCode.h"

// Over the rule: one state machine, which can be checked against its drawing in one place only.
namespace switchboard {

namespace {

// What a new binary may take besides the start of its workers.
constexpr std::chrono::seconds kUpgradeGrace{5};

}  // namespace

CLifecycle::CLifecycle(const SLifecycleDeps& deps)
    : m_deps(deps),
      m_notify(deps.clock),
      m_bulletin(deps.log, deps.scoreboard, m_notify),
      m_log(deps.log, deps.privileges),
      m_upgrade(deps.program, deps.files, deps.log),
      m_returnBackoff(deps.clock) {}

// ---- Start, rest, stop ----

void CLifecycle::FinishStart() {
  m_state = EState::kServing;
  m_deps.autoscaler.Configure(Current().Config().server.dynamic_workers);
  Balancer().Serve(m_deps.generations.Current());
  m_notify.Ready();
}

void CLifecycle::FailStart(std::string why, EStopMode mode) {
  m_startError = std::move(why);
  Stop(mode);
}

void CLifecycle::DoWhatWaited() {
  while (!IsStartingWorkers() && !m_waiting.empty()) {
    const EOrder next = m_waiting.extract(m_waiting.begin()).value();
    next == EOrder::kReload ? Reload() : Upgrade();
  }
}

void CLifecycle::ReopenLogs() {
  if (!m_log.Reopen(Current().Config().log)) return;
  Workers().ReopenLogs();
  m_isReopening = true;
  TellReopened();
}

// Only then may who has moved the old file compress or remove it.
void CLifecycle::TellReopened() {
  if (!m_isReopening || !Workers().HaveReopenedLogs()) return;
  m_isReopening = false;
  m_deps.log.Info("log reopened");
}

std::optional<MonotonicTime> CLifecycle::NextDeadline() const {
  return Earliest({m_notify.NextSignOfLife(), m_returnAt, m_upgrade.Deadline()});
}

void CLifecycle::HandleDeadlines() {
  m_notify.SignOfLife();
  m_upgrade.HandleDeadline(m_deps.clock.Now());
  if (m_returnAt && *m_returnAt <= m_deps.clock.Now()) StartGeneration(Current().Config());
}

void CLifecycle::Rest() {
  m_returnAt.reset();
  if (m_state == EState::kStarting || m_state == EState::kResting || m_state == EState::kStopping) return;
  const std::string meanwhile = "nothing is reloaded: the workers were told to leave meanwhile";
  if (IsStartingWorkers()) m_bulletin.EndReload(false, meanwhile);
  if (m_waiting.erase(EOrder::kReload) > 0) m_bulletin.RefuseReload(meanwhile);
  DropNextGeneration();
  m_state = EState::kResting;
  Current().CancelRespawns();
  Balancer().PassAll();
  Balancer().Rest();
  m_deps.log.Info("the workers leave; SIGHUP starts them again");
  TellWorkersToLeave(EStopMode::kGraceful);
  DoWhatWaited();
}

void CLifecycle::Stop(EStopMode mode) {
  const bool isStopping = m_state == EState::kStopping;
  if (isStopping && (mode == EStopMode::kGraceful || m_stopMode == EStopMode::kFast)) return;
  m_state = EState::kStopping;
  m_stopMode = mode;
  if (mode == EStopMode::kFast) m_upgrade.KillIfNameless();
  m_waiting.clear();
  m_returnAt.reset();
  m_deps.generations.Abandon();
  Current().CancelRespawns();
  m_deps.autoscaler.Configure(std::nullopt);
  // First of all: as long as the kept sockets are open, the kernel gives them clients that nobody will accept.
  const bool isServersEnd = mode == EStopMode::kGraceful && !m_deps.files.HasOtherBinary();
  if (isServersEnd) m_deps.listeners.RefuseNewcomers();
  if (mode == EStopMode::kGraceful) Balancer().PassAll();
  Balancer().Stop();
  // Who waits where the master accepted is accepted by the workers themselves now, as far as they have room.
  const bool isProcessPool = Current().Config().business.mode == EBusinessMode::kProcessPool;
  if (isServersEnd && !isProcessPool) Workers().HandOverDispatched(Current());
  m_deps.listeners.CloseAll();
  m_deps.log.Info("stopping {}", mode == EStopMode::kFast ? "at once" : "after everything is answered");
  if (!HasSuccessor()) m_notify.Stopping();
  TellWorkersToLeave(mode);
}

// The next binary if it has taken over, or the older one to which this one was an upgrade.
bool CLifecycle::HasSuccessor() const {
  return m_upgrade.IsReady() || (!m_upgrade.IsRunning() && m_deps.files.HasOtherBinary());
}

void CLifecycle::TellWorkersToLeave(EStopMode mode) {
  const EGoAwayReason reason = m_upgrade.IsRunning() ? EGoAwayReason::kUpgrade : EGoAwayReason::kStop;
  for (const auto& [pid, worker] : Workers().All()) {
    // What leaves already may have to hurry up.
    const bool isToBeTold = !worker.isLeaving || mode == EStopMode::kFast;
    if (isToBeTold) m_deps.workforce.TellToStop(*Workers().Find(pid), mode, reason);
  }
}

// ---- Reload ----

void CLifecycle::Reload() {
  if (m_state == EState::kStopping) return;
  if (IsStartingWorkers()) {
    m_waiting.insert(EOrder::kReload);
    return;
  }
  if (m_state == EState::kUpgrading) {
    return m_bulletin.RefuseReload(
        fmt::format("nothing is reloaded: the configuration is for the new binary, process {}", m_upgrade.Pid()));
  }
  m_bulletin.BeginReload();
  if (std::optional<SConfig> config = LoadNextConfig()) return StartGeneration(std::move(*config));
  m_bulletin.EndReload(false, std::exchange(m_refusal, {}));
}

// nullopt when the workers that serve are to go on. Workers that rest start in any case, and with the configuration
// that they had when it is the roll-back of an upgrade: the file may be meant for the new binary.
std::optional<SConfig> CLifecycle::LoadNextConfig() {
  const SConfig& running = Current().Config();
  if (m_upgrade.IsRunning()) return running;
  try {
    SConfig fresh = m_deps.loadConfig();
    m_keptKeys.clear();
    for (const std::string_view key : KeepFixedKeys(running, fresh)) {
      m_deps.log.Warn("{} can't be changed by a reload; the old value stays until the next start", key);
      m_keptKeys += fmt::format("{}{}", m_keptKeys.empty() ? "" : ", ", key);
    }
    return fresh;
  } catch (const std::exception& error) {
    m_refusal = fmt::format("the reload is refused, and the old configuration stays: {}", error.what());
    m_deps.log.Error("{}", m_refusal);
  }
  return m_state == EState::kResting ? std::optional(running) : std::nullopt;
}

void CLifecycle::StartGeneration(SConfig config) {
  m_state = m_state == EState::kResting ? EState::kReturning : EState::kReloading;
  m_returnAt.reset();
  if (m_state == EState::kReturning) m_returnBackoff.NoteStart();
  try {
    m_log.Probe(config.log);
    m_deps.generations.Begin(std::move(config));
    const std::shared_ptr<CGeneration>& p_next = m_deps.generations.Next();
    for (uint32_t slot = 0; slot < p_next->Slots(); ++slot) m_deps.workforce.Spawn(p_next, slot);
  } catch (const std::exception& error) {
    FailReload(error.what());
  }
}

void CLifecycle::FinishReload() {
  const SLogConfig& log = m_deps.generations.Next()->Config().log;
  if (log.file != Current().Config().log.file) m_deps.log.Info("the log goes on in {}", log.file);
  m_log.Follow(log);
  m_deps.generations.Promote(!m_deps.files.HasOtherBinary());
  m_state = WhileServing();
  Balancer().Serve(m_deps.generations.Current());
  RelieveOthers();
  m_deps.autoscaler.Configure(Current().Config().server.dynamic_workers);
  const std::string kept = std::exchange(m_keptKeys, {});
  const std::string text = fmt::format("reloaded: generation {} serves{}{}", Current().Number(),
                                       kept.empty() ? "" : "; the next start only changes ", kept);
  m_deps.log.Info("{}", text);
  const std::string refusal = std::exchange(m_refusal, {});
  // Workers that return with the configuration that they had may bring the same fault.
  if (refusal.empty()) m_deps.workforce.Supervisor().Forgive();
  m_bulletin.EndReload(refusal.empty(), refusal.empty() ? text : refusal);
  DoWhatWaited();
}

void CLifecycle::FailReload(const std::string& why) {
  const std::string text = fmt::format("the reload failed, and the old configuration stays: {}", why);
  m_deps.log.Error("{}", text);
  DropNextGeneration();
  m_refusal.clear();
  m_bulletin.EndReload(false, text);
  if (m_state == EState::kResting && !m_upgrade.IsRunning()) {
    m_returnAt = m_deps.clock.Now() + m_returnBackoff.NoteEnd();
    m_deps.log.Alert("no worker serves; their start is tried again");
  }
  StopIfNobodyIsLeft();
  DoWhatWaited();
}

void CLifecycle::DropNextGeneration() {
  if (m_state == EState::kReloading) m_state = WhileServing();
  if (m_state == EState::kReturning) m_state = EState::kResting;
  // Some may serve clients already.
  if (m_deps.generations.Abandon() != nullptr) RelieveOthers();
  // What it opened may have clients in its queues by now.
  HandOver();
  m_deps.generations.ForgetUnusedListeners();
}

void CLifecycle::RelieveOthers() {
  for (const auto& [pid, worker] : Workers().All()) {
    if (worker.isLeaving || worker.p_generation == m_deps.generations.Current()) continue;
    m_deps.workforce.TellToStop(*Workers().Find(pid), EStopMode::kGraceful, EGoAwayReason::kReload);
  }
}

void CLifecycle::HandOver() {
  Workers().HandOver(Current());
  if (IsServing()) Balancer().Serve(m_deps.generations.Current());
}

// ---- Upgrade ----

void CLifecycle::Upgrade() {
  if (m_state == EState::kStopping) return;
  if (IsStartingWorkers()) {
    m_waiting.insert(EOrder::kUpgrade);
    return;
  }
  m_bulletin.BeginUpgrade();
  if (m_upgrade.IsRunning()) {
    const std::string text = fmt::format("there is a new binary already, process {}", m_upgrade.Pid());
    m_deps.log.Warn("{}", text);
    return m_bulletin.EndUpgrade(false, text);
  }
  // Its workers have as long as others; it fails by itself when one of them isn't ready.
  const std::chrono::milliseconds patience = Current().Config().server.start_timeout;
  std::optional<MonotonicTime> deadline;
  if (patience.count() != 0) deadline = m_deps.clock.Now() + patience + kUpgradeGrace;
  if (!m_upgrade.Start(m_deps.listeners, m_deps.numbers, deadline)) {
    return m_bulletin.EndUpgrade(false, m_upgrade.LastWords());
  }
  m_deps.waiter.Add(m_upgrade.Fd(), m_deps.upgradeKey);
  if (m_state == EState::kServing) m_state = EState::kUpgrading;
}

void CLifecycle::HearUpgrade() {
  if (m_upgrade.Fd() < 0) return;
  const bool wasReady = m_upgrade.IsReady();
  if (!m_upgrade.Hear()) {
    m_deps.waiter.Remove(m_upgrade.Fd());
    m_upgrade.ClosePipe();
  }
  if (wasReady || !m_upgrade.IsReady()) return;
  m_notify.MainProcess(m_upgrade.Pid());
  m_bulletin.EndUpgrade(true, m_upgrade.LastWords());
}

void CLifecycle::OnUpgradeEnd(int status) {
  // Its last words may have arrived after the last look at the pipe.
  HearUpgrade();
  if (m_upgrade.Fd() >= 0) m_deps.waiter.Remove(m_upgrade.Fd());
  const bool wasReady = m_upgrade.IsReady();
  m_upgrade.HandleEnd(status, m_state != EState::kStopping);
  if (!wasReady) m_bulletin.EndUpgrade(false, m_upgrade.LastWords());
  m_notify.MainProcess(getpid());
  if (m_state == EState::kUpgrading) m_state = EState::kServing;
  // Without the new binary, nobody would serve.
  if (m_state == EState::kResting) StartGeneration(Current().Config());
}

// ---- The workers ----

void CLifecycle::OnHeard(pid_t pid, const CWorkforce::SHeard& heard) {
  const SWorkerProcess* const p_worker = Workers().Find(pid);
  if (p_worker == nullptr) return;
  TellReopened();
  // It was told to stop before it had said what it opened.
  if (p_worker->isLeaving && heard.hasListener) HandOver();
  const bool isNext = m_state == EState::kReloading || m_state == EState::kReturning;
  if (heard.isReady && isNext && Workers().AreReady(*m_deps.generations.Next())) FinishReload();
}

void CLifecycle::OnEnd(const CWorkerEnd& end) {
  const SWorkerProcess& worker = end.Worker();
  TellReopened();
  if (m_state == EState::kStarting) return FailStart(end.DescribeFailedStart(), EStopMode::kFast);
  if (!worker.isLeaving && worker.p_generation == m_deps.generations.Next()) return FailReload(end.Describe());
  end.Log(m_deps.log, !m_startError.empty());
  if (m_state == EState::kStopping) return;
  m_deps.generations.ForgetUnusedListeners();
  if (!worker.isLeaving && worker.p_generation == m_deps.generations.Current()) ReplaceOrGiveUp(end);
}

void CLifecycle::ReplaceOrGiveUp(const CWorkerEnd& end) {
  const uint32_t slot = end.Worker().slot;
  CGeneration::SSlot& entry = Current().Slot(slot);
  if (!end.IsForGood()) {
    entry.respawnAt = m_deps.clock.Now() + entry.backoff.NoteEnd();
    return;
  }
  m_deps.log.Alert("worker process {} is not replaced: the next one would fail in the same way", slot);
  entry.isGivenUp = true;
  HandOver();
  StopIfNobodyIsLeft();
}

void CLifecycle::StopIfNobodyIsLeft() {
  if (!IsServing() || IsStartingWorkers() || Current().NextRespawn() || Workers().HasAny(Current())) return;
  m_deps.log.Alert("no worker is left");
  m_exitCode = kExitFailed;
  Stop(EStopMode::kFast);
}

}  // namespace switchboard
