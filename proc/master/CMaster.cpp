#include "proc/master/CMaster.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "proc/master/FixedKeys.h"
#include "proc/sys/ExitCode.h"
#include "proc/sys/IsGracefulStop.h"

namespace switchboard {

namespace {

// The waiter's keys of what is no worker; a worker's is its pid, and 1 is init's.
constexpr uint64_t kSignalsKey = 0;
constexpr uint64_t kUpgradeKey = 1;
constexpr uint64_t kDispatchKey = uint64_t{1} << 32;  // above all pids

void KeepEarlier(std::optional<MonotonicTime>& earliest, std::optional<MonotonicTime> other) {
  if (other && (!earliest || *other < *earliest)) earliest = other;
}

}  // namespace

CMaster::CMaster(SMasterDeps deps, std::unique_ptr<CSignals> p_signals)
    : m_deps(std::move(deps)),
      m_p_signals(std::move(p_signals)),
      m_p_waiter(std::make_unique<CWaiter>()),
      m_supervisor(m_deps.log, m_deps.clock, m_deps.scoreboard.Quarantine(), ".",
                   [](pid_t pid, int number) { kill(pid, number); }),
      m_notify(m_deps.clock),
      m_log(m_deps.log, m_deps.privileges),
      m_upgrade(m_deps.program, m_deps.files, m_deps.log),
      m_scaler(m_deps.clock),
      m_workers(m_deps.log, m_deps.clock, m_deps.listeners, m_deps.scoreboard,
                [this](const SWorkerLaunch& launch, CChannel channel) { BecomeWorker(launch, std::move(channel)); }),
      m_dispatcher(m_deps.log, m_deps.clock, m_deps.listeners, m_deps.scoreboard, m_workers),
      m_generations(m_deps.log, m_deps.clock, m_deps.listeners, m_workers, m_deps.config) {
  m_supervisor.Configure(m_deps.config);
  m_p_waiter->Add(m_p_signals->Fd(), kSignalsKey);
  m_p_waiter->Add(m_dispatcher.Fd(), kDispatchKey);
}

CMaster::~CMaster() {
  m_workers.Signal(SIGKILL);
  for (const auto& [pid, worker] : m_workers.All()) waitpid(pid, nullptr, 0);
}

void CMaster::Start() {
  for (uint32_t slot = 0; slot < Current().Slots(); ++slot) Spawn(m_generations.Current(), slot);
  while (m_phase == EPhase::kStarting && !m_workers.AreReady(Current())) RunOnce();
  if (m_phase == EPhase::kStarting) {
    m_phase = EPhase::kServing;
    m_scaler.Configure(Current().Config().server.dynamic_workers);
    m_dispatcher.Serve(m_generations.Current());
    m_notify.Ready();
    return;
  }
  while (!m_workers.IsEmpty()) RunOnce();
  throw std::runtime_error(m_startError);
}

int CMaster::Run() {
  DoWhatWaited();
  while (m_phase != EPhase::kStopping || !m_workers.IsEmpty()) RunOnce();
  return m_exitCode;
}

void CMaster::RunOnce() {
  for (const uint64_t key : m_p_waiter->Wait(NextDeadline())) {
    if (key == kSignalsKey) {
      HandleSignals();
    } else if (key == kUpgradeKey) {
      HearUpgrade();
    } else if (key == kDispatchKey) {
      m_dispatcher.HandleEvents();
    } else {
      HandleChannel(static_cast<pid_t>(key));
    }
  }
  HandleDeadlines();
  m_dispatcher.Deliver();
  if (m_dispatcher.WantsWorker()) AddWorkerOnDemand();
}

std::optional<MonotonicTime> CMaster::NextDeadline() const {
  std::optional<MonotonicTime> next = m_workers.NextKill();
  KeepEarlier(next, m_supervisor.NextDeadline());
  KeepEarlier(next, m_notify.NextSignOfLife());
  KeepEarlier(next, Current().NextRespawn());
  KeepEarlier(next, m_scaler.NextLook());
  KeepEarlier(next, m_dispatcher.RetryAt());
  return next;
}

void CMaster::HandleDeadlines() {
  m_supervisor.HandleDeadlines();
  m_notify.SignOfLife();
  m_workers.KillOverdue();
  m_dispatcher.HandleDeadline();
  if (m_scaler.IsDue()) Scale();
  const MonotonicTime now = m_deps.clock.Now();
  for (uint32_t slot = 0; slot < Current().Slots(); ++slot) {
    const std::optional<MonotonicTime> respawnAt = Current().Slot(slot).respawnAt;
    if (respawnAt && *respawnAt <= now) Respawn(slot);
  }
}

// ---- Signals ----

void CMaster::HandleSignals() {
  while (const std::optional<SSignal> signal = m_p_signals->Next()) HandleSignal(*signal);
}

void CMaster::HandleSignal(const SSignal& signal) {
  if (signal.number == SIGCHLD) return Reap();
  // Sent to a terminal's foreground processes whenever its window changes.
  if (signal.number == SIGWINCH && signal.sender == 0) return;
  m_deps.log.Info("{} received from {}", CSignals::Name(signal.number),
                  signal.sender == 0 ? "the terminal" : fmt::format("process {}", signal.sender));
  switch (signal.number) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      if (m_phase == EPhase::kStarting) m_startError = CSignals::Name(signal.number) + " stopped the start";
      return Stop(IsGracefulStop(signal.number, Current().Config()) ? EStopMode::kGraceful : EStopMode::kFast);
    case SIGUSR1:
      return ReopenLogs();
    case SIGHUP:
      return Reload();
    case SIGUSR2:
      return StartUpgrade();
    case SIGWINCH:
      return Rest();
    default:
      return;
  }
}

void CMaster::ReopenLogs() {
  if (m_log.Reopen(Current().Config().log)) m_workers.Signal(SIGUSR1);
}

void CMaster::Rest() {
  const bool isServingOrAboutTo = m_phase == EPhase::kServing || (m_phase == EPhase::kResting && IsReloading());
  if (!isServingOrAboutTo) return;
  m_isReloadWaiting = false;
  DropNextGeneration();
  m_phase = EPhase::kResting;
  Current().CancelRespawns();
  m_dispatcher.PassAll();
  m_dispatcher.Rest();
  m_deps.log.Info("the workers leave; SIGHUP starts them again");
  TellWorkersToLeave(EStopMode::kGraceful);
  DoWhatWaited();
}

void CMaster::Stop(EStopMode mode) {
  if (m_phase == EPhase::kStopping && (mode == EStopMode::kGraceful || m_stopMode == EStopMode::kFast)) return;
  m_phase = EPhase::kStopping;
  m_stopMode = mode;
  m_isReloadWaiting = false;
  m_isUpgradeWaiting = false;
  m_generations.Abandon();
  Current().CancelRespawns();
  m_scaler.Configure(std::nullopt);
  // First of all: as long as the kept sockets are open, the kernel gives them clients that nobody will accept.
  const bool isServersEnd = mode == EStopMode::kGraceful && !m_deps.files.HasOtherBinary();
  if (isServersEnd) m_deps.listeners.RefuseNewcomers();
  if (mode == EStopMode::kGraceful) m_dispatcher.PassAll();
  m_dispatcher.Stop();
  // Who waits where the master accepted is accepted by the workers themselves now, as far as they have room.
  if (isServersEnd && !IsProcessPool()) m_workers.HandOverDispatched(Current());
  m_deps.listeners.CloseAll();
  m_deps.log.Info("stopping {}", mode == EStopMode::kFast ? "at once" : "after everything is answered");
  if (!HasSuccessor()) m_notify.Stopping();
  TellWorkersToLeave(mode);
}

// The next binary if it has taken over, or the older one to which this one was an upgrade.
bool CMaster::HasSuccessor() const {
  return m_upgrade.IsReady() || (!m_upgrade.IsRunning() && m_deps.files.HasOtherBinary());
}

void CMaster::TellWorkersToLeave(EStopMode mode) {
  const EGoAwayReason reason = m_upgrade.IsRunning() ? EGoAwayReason::kUpgrade : EGoAwayReason::kStop;
  for (const auto& [pid, worker] : m_workers.All()) {
    // What leaves already may have to hurry up.
    if (!worker.isLeaving || mode == EStopMode::kFast) TellToStop(*m_workers.Find(pid), mode, reason);
  }
}

void CMaster::TellToStop(SWorkerProcess& worker, EStopMode mode, EGoAwayReason reason) {
  m_supervisor.OnToldToStop(worker.pid);
  m_workers.TellToStop(worker, mode, reason);
}

// ---- Reload ----

void CMaster::Reload() {
  if (m_phase == EPhase::kStopping) return;
  if (m_phase == EPhase::kStarting || IsReloading()) {
    m_isReloadWaiting = true;
    return;
  }
  if (m_upgrade.IsRunning() && m_phase == EPhase::kServing) {
    m_deps.log.Warn("nothing is reloaded: the configuration is for the new binary, process {}", m_upgrade.Pid());
    return;
  }
  m_notify.Reloading();
  if (std::optional<SConfig> config = LoadNextConfig()) return StartGeneration(std::move(*config));
  m_notify.Ready();
}

// nullopt when the workers that serve are to go on. Workers that rest start in any case, and with the configuration
// that they had when it is the roll-back of an upgrade: the file may be meant for the new binary.
std::optional<SConfig> CMaster::LoadNextConfig() {
  const SConfig& running = Current().Config();
  if (m_upgrade.IsRunning()) return running;
  try {
    SConfig fresh = m_deps.loadConfig();
    for (const std::string_view key : KeepFixedKeys(running, fresh)) {
      m_deps.log.Warn("{} can't be changed by a reload; the old value stays until the next start", key);
    }
    return fresh;
  } catch (const std::exception& error) {
    m_deps.log.Error("the reload is refused, and the old configuration stays: {}", error.what());
  }
  return m_phase == EPhase::kResting ? std::optional(running) : std::nullopt;
}

void CMaster::StartGeneration(SConfig config) {
  try {
    m_log.Probe(config.log);
    m_generations.Begin(std::move(config));
    m_supervisor.Configure(m_generations.Next()->Config());
    for (uint32_t slot = 0; slot < m_generations.Next()->Slots(); ++slot) Spawn(m_generations.Next(), slot);
  } catch (const std::exception& error) {
    FailReload(error.what());
  }
}

void CMaster::FinishReload() {
  m_log.Follow(m_generations.Next()->Config().log);
  m_generations.Promote();
  m_phase = EPhase::kServing;
  const std::shared_ptr<CGeneration>& p_current = m_generations.Current();
  m_dispatcher.Serve(p_current);
  for (const auto& [pid, worker] : m_workers.All()) {
    if (worker.isLeaving || worker.p_generation == p_current) continue;
    TellToStop(*m_workers.Find(pid), EStopMode::kGraceful, EGoAwayReason::kReload);
  }
  m_scaler.Configure(p_current->Config().server.dynamic_workers);
  m_deps.log.Info("reloaded: generation {} serves", p_current->Number());
  m_notify.Ready();
  DoWhatWaited();
}

void CMaster::FailReload(const std::string& why) {
  m_deps.log.Error("the reload failed, and the old configuration stays: {}", why);
  DropNextGeneration();
  m_notify.Ready();
  StopIfNobodyIsLeft();
  DoWhatWaited();
}

void CMaster::DropNextGeneration() {
  if (const std::shared_ptr<CGeneration> p_dropped = m_generations.Abandon()) {
    for (const auto& [pid, worker] : m_workers.All()) {
      if (worker.p_generation != p_dropped || worker.isLeaving) continue;
      // Some may serve clients already.
      TellToStop(*m_workers.Find(pid), EStopMode::kGraceful, EGoAwayReason::kReload);
    }
    m_supervisor.Configure(Current().Config());
  }
  // What it opened may have clients in its queues by now.
  HandOver();
  m_generations.ForgetUnusedListeners();
}

void CMaster::HandOver() {
  m_workers.HandOver(Current());
  if (m_phase == EPhase::kServing) m_dispatcher.Serve(m_generations.Current());
}

void CMaster::DoWhatWaited() {
  if (IsReloading()) return;
  if (std::exchange(m_isReloadWaiting, false)) return Reload();
  if (std::exchange(m_isUpgradeWaiting, false)) StartUpgrade();
}

// ---- Upgrade ----

void CMaster::StartUpgrade() {
  if (m_phase == EPhase::kStopping) return;
  if (m_phase == EPhase::kStarting || IsReloading()) {
    m_isUpgradeWaiting = true;
    return;
  }
  if (m_upgrade.IsRunning()) {
    m_deps.log.Warn("there is a new binary already, process {}", m_upgrade.Pid());
    return;
  }
  if (m_upgrade.Start(m_deps.listeners)) m_p_waiter->Add(m_upgrade.Fd(), kUpgradeKey);
}

void CMaster::HearUpgrade() {
  if (m_upgrade.Fd() < 0) return;
  const bool wasReady = m_upgrade.IsReady();
  if (!m_upgrade.Hear()) {
    m_p_waiter->Remove(m_upgrade.Fd());
    m_upgrade.ClosePipe();
  }
  if (!wasReady && m_upgrade.IsReady()) m_notify.MainProcess(m_upgrade.Pid());
}

void CMaster::HandleUpgradeEnd(int status) {
  // Its last words may have arrived after the last look at the pipe.
  HearUpgrade();
  if (m_upgrade.Fd() >= 0) m_p_waiter->Remove(m_upgrade.Fd());
  m_upgrade.HandleEnd(status);
  m_notify.MainProcess(getpid());
  // Without the new binary, nobody would serve.
  if (m_phase == EPhase::kResting && !IsReloading()) StartGeneration(Current().Config());
}

// ---- Dynamic workers ----

void CMaster::Scale() {
  switch (m_scaler.Look(IsSettled() ? MeasureLoads() : std::vector<double>())) {
    case CScaler::EAdvice::kGrow:
      return AddWorker(IsProcessPool() ? "the workers are busy" : "sb-io is busy");
    case CScaler::EAdvice::kShrink:
      return RetireWorker();
    case CScaler::EAdvice::kStay:
      return;
  }
}

bool CMaster::IsSettled() const { return m_phase == EPhase::kServing && !IsReloading() && !m_upgrade.IsRunning(); }

std::vector<double> CMaster::MeasureLoads() {
  if (!m_workers.AreReady(Current())) return {};
  std::vector<pid_t> pids;
  std::vector<double> busy;
  for (uint32_t slot = 0; slot < Current().Slots(); ++slot) {
    const SWorkerProcess& worker = *m_workers.Serving(Current(), slot);
    pids.push_back(worker.pid);
    busy.push_back(m_dispatcher.IsBusy(worker) ? 1 : 0);
  }
  if (IsProcessPool()) return busy;
  return m_ioLoad.MeasureAll(pids, m_deps.clock.Now());
}

void CMaster::AddWorker(const std::string& why) {
  Current().AddSlot();
  m_deps.log.Info("{}: worker process {} is added", why, Current().Slots() - 1);
  Respawn(Current().Slots() - 1);
}

// In process-pool mode, one at a time, and only while somebody waits for it.
void CMaster::AddWorkerOnDemand() {
  const std::optional<SDynamicWorkers>& dynamic = Current().Config().server.dynamic_workers;
  if (!dynamic || Current().Slots() >= dynamic->max || !IsSettled() || !m_workers.AreReady(Current())) return;
  AddWorker("a client waits");
  m_scaler.Restart();
}

void CMaster::RetireWorker() {
  const uint32_t slot = Current().Slots() - 1;
  SWorkerProcess* p_worker = m_workers.Serving(Current(), slot);
  // Its work is not to be cut short; the scaler comes back to it.
  if (IsProcessPool() && p_worker != nullptr && m_dispatcher.IsBusy(*p_worker)) return;
  Current().RemoveSlot();
  m_deps.log.Info("{}: worker process {} retires", IsProcessPool() ? "workers are idle" : "sb-io is idle", slot);
  HandOver();
  if (p_worker != nullptr) TellToStop(*p_worker, EStopMode::kGraceful, EGoAwayReason::kRetire);
}

// ---- The life of a worker ----

void CMaster::Spawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot) {
  const SWorkerProcess& worker = m_workers.Spawn(p_generation, slot);
  p_generation->Slot(slot).backoff.NoteStart();
  m_p_waiter->Add(worker.channel.Fd(), static_cast<uint64_t>(worker.pid));
}

// The objects on the master's stack stay as they are, and are never destroyed in the worker: exit(3) doesn't unwind.
void CMaster::BecomeWorker(const SWorkerLaunch& launch, CChannel channel) noexcept {
  m_workers.Forget();
  m_upgrade.ClosePipe();
  m_dispatcher.Forget();
  m_p_waiter.reset();
  m_p_signals.reset();
  SWorkerLaunch mine = launch;
  mine.p_masterBell = &m_dispatcher.Bell();
  std::exit(m_deps.workerMain(mine, std::move(channel)));
}

void CMaster::Respawn(uint32_t slot) {
  CGeneration::SSlot& entry = Current().Slot(slot);
  entry.respawnAt.reset();
  try {
    Spawn(m_generations.Current(), slot);
  } catch (const std::system_error& error) {
    entry.respawnAt = m_deps.clock.Now() + CBackoff::kMaxDelay;
    m_deps.log.Alert("worker process {} cannot be started: {}", slot, error.what());
  }
}

void CMaster::HandleChannel(pid_t pid) {
  SWorkerProcess* p_worker = m_workers.Find(pid);
  if (p_worker == nullptr || !p_worker->channel.IsOpen()) return;
  bool isReadyNow = false;
  while (true) {
    SMessage message;
    const CChannel::EReceive result = p_worker->channel.Receive(message);
    if (result == CChannel::EReceive::kNothing) break;
    if (result == CChannel::EReceive::kClosed) {
      m_p_waiter->Remove(p_worker->channel.Fd());
      p_worker->channel.Close();
      break;
    }
    isReadyNow = isReadyNow || message.kind == EMessage::kReady;
    HandleMessage(*p_worker, std::move(message));
  }
  if (isReadyNow) HandleReady(*p_worker);
}

void CMaster::HandleMessage(SWorkerProcess& worker, SMessage message) {
  switch (message.kind) {
    case EMessage::kListener:
      worker.serves.insert(m_deps.listeners.Keep(message.listener, worker.slot, std::move(message.fd)));
      // It was told to stop before it had said what it opened.
      if (worker.isLeaving) HandOver();
      break;
    case EMessage::kFailed:
      worker.failure = std::move(message.text);
      break;
    case EMessage::kReady:   // HandleReady
    case EMessage::kClient:  // these never come from a worker
    case EMessage::kReason:
      break;
  }
}

void CMaster::HandleReady(SWorkerProcess& worker) {
  worker.isReady = true;
  m_deps.log.Info("worker process {} ({}) is ready", worker.slot, worker.pid);
  if (worker.isLeaving) return;
  m_supervisor.OnReady(worker.pid, m_deps.scoreboard.Page(worker.page));
  if (IsReloading() && m_workers.AreReady(*m_generations.Next())) FinishReload();
}

void CMaster::Reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0;) {
    if (WIFSTOPPED(status)) {
      m_supervisor.OnPaused(pid);
      m_dispatcher.OnPaused(pid, true);
    } else if (WIFCONTINUED(status)) {
      m_supervisor.OnContinued(pid);
      m_dispatcher.OnPaused(pid, false);
    } else if (pid == m_upgrade.Pid()) {
      HandleUpgradeEnd(status);
    } else {
      HandleEnd(pid, status);
    }
  }
}

void CMaster::HandleEnd(pid_t pid, int status) {
  // Its last words may have arrived after the last look at the channel.
  HandleChannel(pid);
  if (m_workers.Find(pid) == nullptr) return;
  const CWorkerEnd end(m_workers.Remove(pid), status);
  const SWorkerProcess& worker = end.Worker();
  if (worker.channel.IsOpen()) m_p_waiter->Remove(worker.channel.Fd());
  CloseAccount(end);

  if (m_phase == EPhase::kStarting) {
    m_startError = end.DescribeFailedStart();
    return Stop(EStopMode::kFast);
  }
  if (IsReloading() && worker.p_generation == m_generations.Next() && !worker.isLeaving) {
    return FailReload(end.Describe());
  }
  end.Log(m_deps.log, !m_startError.empty());
  if (m_phase == EPhase::kStopping) return;
  m_generations.ForgetUnusedListeners();
  if (!worker.isLeaving && worker.p_generation == m_generations.Current()) ReplaceOrGiveUp(end);
}

void CMaster::CloseAccount(const CWorkerEnd& end) {
  SWorkerPage& page = m_deps.scoreboard.Page(end.Worker().page);
  m_supervisor.OnEnd(end.Worker().pid, page, end.Status());
  m_ioLoad.Forget(end.Worker().pid);
  m_dispatcher.OnEnd(end.Worker());
  m_deps.listeners.RingAll();
  page.pid.store(0, std::memory_order_relaxed);
  if (!end.IsClean()) WriteOff(page);
}

void CMaster::ReplaceOrGiveUp(const CWorkerEnd& end) {
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

void CMaster::StopIfNobodyIsLeft() {
  const bool isHopeless =
      m_phase == EPhase::kServing && !IsReloading() && !Current().NextRespawn() && !m_workers.HasAny(Current());
  if (!isHopeless) return;
  m_deps.log.Alert("no worker is left");
  m_exitCode = kExitFailed;
  Stop(EStopMode::kFast);
}

}  // namespace switchboard
