#include "proc/worker/CWorker.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <memory>
#include <system_error>
#include <utility>

#include "logic/CModuleSet.h"
#include "misc/count/CMappingGuard.h"
#include "misc/thread/CContinuation.h"
#include "misc/thread/CSignalStack.h"
#include "misc/thread/CThread.h"
#include "proc/health/CExitGuard.h"
#include "proc/health/CFaultMark.h"
#include "proc/health/CLastWords.h"
#include "proc/sandbox/CSandbox.h"
#include "proc/sys/ExitCode.h"
#include "proc/sys/IsGracefulStop.h"

namespace switchboard {

namespace {

enum : uint64_t { kSignalsKey, kChannelKey, kDoneKey };

// How much later than the master's own deadline a worker ends itself; the master may be dead.
constexpr std::chrono::milliseconds kGuardGrace{6000};

}  // namespace

CWorker::CWorker(const SWorkerDeps& deps, const SWorkerLaunch& launch, CChannel channel)
    : m_deps(deps),
      m_config(launch.generation.Config()),
      m_generation(launch.generation),
      m_slot(launch.slot),
      m_process(launch.process),
      // Also without dispatch: clients of a listener that was dispatched before a reload may still be on their way.
      m_p_masterBell(launch.p_masterBell),
      m_p_hub(launch.p_hub),
      m_channel(std::move(channel)) {
  m_waiter.Add(m_signals.Fd(), kSignalsKey);
  m_waiter.Add(m_channel.Fd(), kChannelKey);
}

int CWorker::Run() {
  const CSignalStack signalStack;
  const CExitGuard exitGuard(m_deps.log);
  const auto p_lastWords = m_deps.p_alone != nullptr ? std::make_unique<CLastWords>(m_deps.log)
                                                     : std::make_unique<CLastWords>(m_deps.page.lastWords);
  CContinuation::Keep();
  CFaultMark::Install(m_deps.page.faultThread);
  CMappingGuard::Install();
  if (const std::optional<int> code = TryStart()) return *code;
  m_channel.Send({EMessage::kReady, 0, {}, {}});
  if (m_deps.p_alone != nullptr) m_deps.p_alone->ready();
  Stop(WaitForOrder());
  m_deps.page.isClosed.store(true, std::memory_order_relaxed);
  return kExitOk;
}

std::optional<int> CWorker::TryStart() {
  int code = kExitDoNotRespawn;
  std::string failure;
  bool isFenced = false;
  try {
    OpenLog();
    std::vector<SListenerSocket> listeners = OpenListeners();
    m_deps.privileges.Drop();
    EnterSandbox();
    isFenced = m_deps.p_alone == nullptr;
    m_p_logic = m_deps.factory();
    const SNetworkDeps deps{
        m_config,  m_deps.log,         m_deps.clock,   m_deps.page,
        m_process, &m_deps.quarantine, m_p_masterBell, m_p_hub != nullptr ? &m_p_hub->board : nullptr};
    m_p_network = std::make_unique<CNetwork>(deps, m_p_logic->Modules(), std::move(listeners));
    m_p_network->Start();
    if (m_p_hub != nullptr) {
      for (SHubLaunch::SLine& line : m_p_hub->lines) m_p_network->AddPeer(line.process, std::move(line.fd));
    }
    return std::nullopt;
  } catch (const std::system_error& error) {
    // The system may have more to give the next time.
    code = kExitFailed;
    failure = error.what();
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "the logic threw something that is no std::exception";
  }
  if (isFenced) failure += CSandbox::Hint(m_config.server.sandbox, failure);
  m_channel.Send({EMessage::kFailed, 0, "the worker cannot start: " + failure, {}});
  return code;
}

// The master's own log may be the one of an older generation yet.
void CWorker::OpenLog() {
  m_deps.log.SetLevel(m_config.log.level);
  m_deps.log.SetFile(m_config.log.file);
}

void CWorker::EnterSandbox() {
  // Who debugs in one process wants to look everywhere, and that process still has its pid file to remove.
  if (m_deps.p_alone != nullptr) return;
  const std::string missing = CSandbox(m_config, m_deps.wishes).Enter();
  if (!missing.empty()) m_deps.log.Info("worker process {} goes without {}", m_slot, missing);
}

std::vector<SListenerSocket> CWorker::OpenListeners() {
  std::vector<SListenerSocket> sockets;
  for (uint32_t place = 0; place < m_generation.Listeners().size(); ++place) AddSockets(place, sockets);
  // The other workers' sockets are the master's to keep.
  m_deps.listeners.CloseAll();
  return sockets;
}

void CWorker::AddSockets(uint32_t place, std::vector<SListenerSocket>& sockets) {
  const uint32_t listener = m_generation.Listeners()[place];
  const EAcceptMode accept = m_config.listeners[place].accept;
  if (accept == EAcceptMode::kDispatch) return;
  const uint32_t backlog = m_config.listeners[place].backlog;
  const auto p_lock = accept == EAcceptMode::kMutex ? m_deps.listeners.Lock(listener) : nullptr;
  if (CFd activated = m_deps.listeners.Activated(listener); activated.IsValid()) {
    sockets.push_back({std::move(activated), place, p_lock});
    return;
  }
  bool hasOwn = accept == EAcceptMode::kMutex;
  for (const CListenerStore::Key& key : m_deps.listeners.Kept()) {
    if (key.first != listener) continue;
    const bool isForAll = m_generation.IsForAll(key);
    if (!isForAll && m_generation.ServerOf(key.second) != m_slot) continue;
    CFd fd = m_deps.listeners.Duplicate(key);
    // On a socket that listens already this changes the backlog, and nothing else.
    listen(fd.Get(), static_cast<int>(backlog));
    hasOwn = hasOwn || key.second == m_slot;
    sockets.push_back({std::move(fd), place, isForAll ? p_lock : nullptr});
  }
  if (hasOwn) return;
  SMessage message{EMessage::kListener, listener, {}, m_deps.listeners.Open(listener, backlog)};
  m_channel.Send(message);
  sockets.push_back({std::move(message.fd), place});
}

EStopMode CWorker::WaitForOrder() {
  while (true) {
    for (const uint64_t key : m_waiter.Wait()) {
      if (key == kSignalsKey) {
        const std::optional<EStopMode> mode = TakeOrder();
        if (!mode) continue;
        // The reason for it was sent before.
        TakeMessages();
        return *mode;
      }
      if (TakeMessages()) continue;
      m_deps.log.Alert("the master is dead: worker process {} stops after everything is answered", m_slot);
      return EStopMode::kGraceful;
    }
  }
}

bool CWorker::TakeMessages() {
  while (true) {
    SMessage message;
    const CChannel::EReceive result = m_channel.Receive(message);
    if (result != CChannel::EReceive::kMessage) return result == CChannel::EReceive::kNothing;
    if (message.kind == EMessage::kReason) m_reason = message.reason;
    if (message.kind == EMessage::kLastCall) m_isLastCall = true;
    if (message.kind == EMessage::kPeer) m_p_network->AddPeer(message.listener, std::move(message.fd));
    if (message.kind == EMessage::kLost) m_p_network->NoteLost(message.listener);
    if (message.kind != EMessage::kListener && message.kind != EMessage::kClient) continue;
    const std::optional<uint32_t> place = m_generation.PlaceOf(message.listener);
    if (!place) continue;
    if (message.kind == EMessage::kListener) m_p_network->AddListener({std::move(message.fd), *place});
    if (message.kind == EMessage::kClient) m_p_network->AddClient(std::move(message.fd), *place);
  }
}

std::optional<EStopMode> CWorker::TakeOrder() {
  std::optional<EStopMode> mode;
  while (const std::optional<SSignal> signal = m_signals.Next()) {
    const bool isStop = signal->number == SIGTERM || signal->number == SIGINT || signal->number == SIGQUIT;
    const bool isGraceful = IsGracefulStop(signal->number, m_config);
    if (isStop && !(isGraceful && mode)) mode = isGraceful ? EStopMode::kGraceful : EStopMode::kFast;
    // A terminal sends WINCH whenever its window changes.
    const bool isMasters =
        signal->number == SIGHUP || signal->number == SIGUSR2 || (signal->number == SIGWINCH && signal->sender != 0);
    if (isMasters && m_deps.p_alone != nullptr) m_deps.p_alone->refuse(signal->number);
    // During a stop the threads that write them may have gone, and no more than a last line is to come.
    if (signal->number == SIGUSR1 && !m_isStopping) m_p_network->ReopenLogs();
    if (signal->number == SIGUSR1 && !m_deps.log.Reopen()) {
      m_deps.log.Error("worker process {} cannot reopen the log; going on with the old file", m_slot);
    }
    if (signal->number == SIGUSR1 && !m_isStopping) m_channel.TrySend({EMessage::kReopened, 0, {}, {}});
  }
  return mode;
}

void CWorker::Stop(EStopMode mode) {
  m_isStopping = true;
  // There is nothing more to be said, and a client that is still in it is open for as long as the line is.
  m_channel.Close();
  const CFd done(eventfd(0, EFD_CLOEXEC));
  if (!done.IsValid()) throw std::system_error(errno, std::generic_category(), "eventfd");
  const MonotonicTime deadline = std::chrono::steady_clock::now() + m_config.server.shutdown_timeout;
  const uint64_t before = Discarded();
  CThread guard("sb-guard", [this, &done] { GuardStop(done.Get()); });
  m_p_network->Stop(mode, m_reason, m_isLastCall);
  eventfd_write(done.Get(), 1);
  guard.Join();
  const uint64_t discarded = Discarded() - before;
  if (mode != EStopMode::kGraceful || discarded == 0 || std::chrono::steady_clock::now() < deadline) return;
  m_deps.log.Warn(
      "worker process {} has waited for server.shutdown_timeout_s, and {} of its requests had no answer yet: "
      "a handler still ran, or a CDeferredReply was kept",
      m_slot, discarded);
}

uint64_t CWorker::Discarded() const { return m_deps.page.Sum()[static_cast<size_t>(ECounter::kPacketsDiscarded)]; }

void CWorker::GuardStop(int done) {
  CWaiter waiter;
  waiter.Add(m_signals.Fd(), kSignalsKey);
  waiter.Add(done, kDoneKey);
  const MonotonicTime deadline = std::chrono::steady_clock::now() + m_config.server.shutdown_timeout + kGuardGrace;
  while (std::chrono::steady_clock::now() < deadline) {
    for (const uint64_t key : waiter.Wait(deadline)) {
      if (key == kDoneKey) return;
      if (TakeOrder() == EStopMode::kFast) m_p_network->Hasten();
    }
  }
  m_deps.log.Alert("worker process {} could not stop in time", m_slot);
  _exit(kExitCutShort);
}

}  // namespace switchboard
