#include "proc/workforce/CWorkforce.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <string>
#include <system_error>
#include <utility>

#include "misc/file/CloseForeign.h"
#include "proc/sys/CBackoff.h"
#include "proc/sys/Earliest.h"

namespace switchboard {

namespace {

constexpr int kMessagesPerEvent = 64;

}  // namespace

CWorkforce::CWorkforce(CLog& log, const CClock& clock, CListenerStore& listeners, CScoreboard& scoreboard,
                       CProcessNumbers& numbers, CWaiter& waiter, CWorkerSet::Become become)
    : m_log(log),
      m_clock(clock),
      m_listeners(listeners),
      m_scoreboard(scoreboard),
      m_waiter(waiter),
      m_supervisor(log, clock, scoreboard.Quarantine(), ".", [](pid_t pid, int number) { kill(pid, number); }),
      m_workers(log, clock, listeners, scoreboard, numbers, std::move(become)),
      m_balancer(log, clock, listeners, scoreboard, m_workers) {}

CWorkforce::~CWorkforce() {
  m_workers.Signal(SIGKILL);
  for (const auto& [pid, worker] : m_workers.All()) waitpid(pid, nullptr, 0);
}

void CWorkforce::Spawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot) {
  const SWorkerProcess& worker = m_workers.Spawn(p_generation, slot);
  p_generation->Slot(slot).backoff.NoteStart();
  m_waiter.Add(worker.channel.Fd(), static_cast<uint64_t>(worker.pid));
}

void CWorkforce::Respawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot) {
  CGeneration::SSlot& entry = p_generation->Slot(slot);
  entry.respawnAt.reset();
  try {
    Spawn(p_generation, slot);
  } catch (const std::system_error& error) {
    entry.respawnAt = m_clock.Now() + CBackoff::kMaxDelay;
    m_log.Alert("worker process {} cannot be started: {}", slot, error.what());
  }
}

void CWorkforce::TellToStop(SWorkerProcess& worker, EStopMode mode, EGoAwayReason reason) {
  m_supervisor.OnToldToStop(worker.pid);
  m_workers.TellToStop(worker, mode, reason);
}

// It may not be itself any more: what it should never send is not kept.
bool CWorkforce::MayKeep(const SWorkerProcess& worker, const SMessage& message) const {
  const std::optional<uint32_t> place = worker.p_generation->PlaceOf(message.listener);
  if (worker.isReady || !place || m_listeners.Keeps({message.listener, worker.slot})) return false;
  int isListening = 0;
  socklen_t size = sizeof(isListening);
  return message.fd.IsValid() && getsockopt(message.fd.Get(), SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 &&
         isListening == 1;
}

CWorkforce::SHeard CWorkforce::Hear(pid_t pid) {
  SHeard heard;
  SWorkerProcess* const p_worker = m_workers.Find(pid);
  if (p_worker == nullptr) return heard;
  // Not for ever, if it doesn't stop talking: the line stays readable.
  for (int i = 0; i < kMessagesPerEvent && p_worker->channel.IsOpen(); ++i) {
    SMessage message;
    const CChannel::EReceive result = p_worker->channel.Receive(message);
    if (result == CChannel::EReceive::kNothing) break;
    if (result == CChannel::EReceive::kClosed) {
      m_waiter.Remove(p_worker->channel.Fd());
      p_worker->channel.End();
    } else if (message.kind == EMessage::kListener) {
      if (MayKeep(*p_worker, message)) {
        p_worker->serves.insert(m_listeners.Keep(message.listener, p_worker->slot, std::move(message.fd)));
        heard.hasListener = true;
      }
    } else if (message.kind == EMessage::kFailed) {
      if (!p_worker->isReady) p_worker->failure = std::move(message.text);
    } else if (message.kind == EMessage::kReopened) {
      p_worker->isReopening = false;
    } else if (message.kind == EMessage::kReady) {
      heard.isReady = !p_worker->isReady;
    }
    CloseForeign(std::move(message.fd));
  }
  if (!heard.isReady) return heard;
  m_workers.NoteReady(*p_worker);
  m_log.Info("worker process {} ({}) is ready", p_worker->slot, pid);
  if (!p_worker->isLeaving) {
    m_supervisor.OnReady(pid, m_scoreboard.Page(p_worker->page), p_worker->p_generation->Config());
  }
  return heard;
}

void CWorkforce::OnPaused(pid_t pid, bool isPaused) {
  isPaused ? m_supervisor.OnPaused(pid) : m_supervisor.OnContinued(pid);
  m_balancer.OnPaused(pid, isPaused);
}

std::optional<CWorkerEnd> CWorkforce::End(pid_t pid, int status) {
  if (m_workers.Find(pid) == nullptr) return std::nullopt;
  SWorkerProcess worker = m_workers.Remove(pid);
  if (worker.channel.IsOpen()) m_waiter.Remove(worker.channel.Fd());
  worker.channel.End();
  SWorkerPage& page = m_scoreboard.Page(worker.page);
  m_supervisor.OnEnd(pid, page, status, worker.p_generation->Config());
  const std::string lastWords = page.lastWords.Take();
  if (WIFSIGNALED(status) && worker.failure.empty()) worker.failure = lastWords;
  m_balancer.OnEnd(worker);
  m_listeners.RingAll();
  page.pid.store(0, std::memory_order_relaxed);
  std::optional<CWorkerEnd> end(std::in_place, std::move(worker), status);
  // A handler may have called _exit(0).
  if (end->IsClean() && page.isClosed.load(std::memory_order_relaxed)) return end;
  WriteOff(page);
  if (end->Worker().isReady) m_workers.TellOfLost(end->Worker());
  return end;
}

std::optional<MonotonicTime> CWorkforce::NextDeadline() {
  return Earliest({m_workers.NextKill(), m_supervisor.NextDeadline(), m_balancer.NextDeadline()});
}

void CWorkforce::HandleDeadlines() {
  m_supervisor.HandleDeadlines();
  m_workers.KillOverdue();
  m_balancer.HandleDeadline();
}

void CWorkforce::Forget() {
  m_workers.Forget();
  m_balancer.Forget();
}

}  // namespace switchboard
