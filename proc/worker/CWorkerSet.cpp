#include "proc/worker/CWorkerSet.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace switchboard {

SWorkerProcess& CWorkerSet::Spawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot) {
  const uint32_t index = m_scoreboard.FreePage();
  SWorkerPage& page = m_scoreboard.Page(index);
  page.handOver.Reset();
  // The worker reads it, maybe before this process comes to Begin, and can't write it.
  page.slot.store(slot, std::memory_order_relaxed);
  const uint32_t process = m_numbers.Next();
  m_hub.Begin(index, process);
  std::vector<CFd> theirs;
  SHubLaunch hub{m_hub, MakeLines(theirs)};
  auto [mine, workers] = CChannel::MakePair();
  // What is buffered would be written by both processes.
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    mine.Close();
    theirs.clear();
    m_become({slot, index, process, *p_generation, nullptr, &hub}, std::move(workers));
    std::abort();
  }
  page.Begin(pid, slot, process, p_generation->Number(), m_clock.Now());
  PassLines(process, std::move(theirs));
  SWorkerProcess worker{pid, slot, index, process, p_generation, std::move(mine)};
  const std::chrono::milliseconds patience = p_generation->Config().server.start_timeout;
  if (patience.count() > 0) worker.killAt = m_clock.Now() + patience;
  // It decides as the master does which of the kept sockets it adopts.
  for (const CListenerStore::Key& key : m_listeners.Kept()) {
    if (p_generation->PlaceOf(key.first) && p_generation->ServerOf(key.second) == slot) worker.serves.insert(key);
  }
  return m_processes.insert_or_assign(pid, std::move(worker)).first->second;
}

void CWorkerSet::Forget() {
  m_processes.clear();
  m_numbers.Forget();
}

SWorkerProcess* CWorkerSet::Find(pid_t pid) {
  const auto found = m_processes.find(pid);
  return found == m_processes.end() ? nullptr : &found->second;
}

void CWorkerSet::NoteReady(SWorkerProcess& worker) {
  worker.isReady = true;
  if (worker.isLeaving) return;
  worker.killAt.reset();
  m_scoreboard.Page(worker.page).state.store(EWorkerState::kServing, std::memory_order_relaxed);
  const auto [first, last] = m_lost.equal_range(worker.slot);
  for (auto lost = first; lost != last; ++lost) worker.channel.TrySend({EMessage::kLost, lost->second, {}, {}});
  m_lost.erase(first, last);
}

void CWorkerSet::TellOfLost(const SWorkerProcess& lost) {
  for (auto& [pid, worker] : m_processes) {
    if (worker.isReady && !worker.isLeaving && worker.channel.IsOpen()) {
      worker.channel.TrySend({EMessage::kLost, lost.process, {}, {}});
    }
  }
  // A slot that is given up has no next worker.
  constexpr size_t kMost = 1024;
  if (m_lost.size() < kMost) m_lost.emplace(lost.slot, lost.process);
}

SWorkerProcess* CWorkerSet::Serving(const CGeneration& generation, uint32_t slot) {
  const auto found = std::find_if(m_processes.begin(), m_processes.end(), [&](const auto& entry) {
    const SWorkerProcess& worker = entry.second;
    return worker.p_generation.get() == &generation && worker.slot == slot && !worker.isLeaving;
  });
  return found == m_processes.end() ? nullptr : &found->second;
}

bool CWorkerSet::AreReady(const CGeneration& generation) {
  for (uint32_t slot = 0; slot < generation.Slots(); ++slot) {
    const SWorkerProcess* p_worker = Serving(generation, slot);
    if (p_worker == nullptr || !p_worker->isReady) return false;
  }
  return true;
}

bool CWorkerSet::HasAny(const CGeneration& generation) const {
  return std::any_of(m_processes.begin(), m_processes.end(), [&](const auto& entry) {
    return entry.second.p_generation.get() == &generation && !entry.second.isLeaving;
  });
}

SWorkerProcess CWorkerSet::Remove(pid_t pid) {
  SWorkerProcess worker = std::move(m_processes.extract(pid).mapped());
  m_hub.End(worker.page);
  return worker;
}

std::vector<SHubLaunch::SLine> CWorkerSet::MakeLines(std::vector<CFd>& theirs) const {
  std::vector<SHubLaunch::SLine> lines;
  for (const auto& [pid, worker] : m_processes) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    lines.push_back({worker.process, CFd(ends[0])});
    theirs.emplace_back(ends[1]);
  }
  return lines;
}

// One that doesn't read what it is told is about to be replaced.
void CWorkerSet::PassLines(uint32_t process, std::vector<CFd> theirs) {
  auto end = theirs.begin();
  for (auto& [pid, worker] : m_processes) {
    SMessage message{EMessage::kPeer, process, {}, std::move(*end++)};
    if (worker.channel.IsOpen()) worker.channel.TrySend(message);
  }
}

void CWorkerSet::HandOver(const CGeneration& generation) {
  for (const CListenerStore::Key& key : m_listeners.Kept()) {
    const std::optional<uint32_t> server = generation.ServerOf(key.second);
    if (!server || !generation.PlaceOf(key.first) || generation.IsForAll(key)) continue;
    SWorkerProcess* p_worker = Serving(generation, *server);
    // The next worker of the slot adopts what this one didn't get.
    if (p_worker == nullptr || !p_worker->channel.IsOpen() || p_worker->serves.contains(key)) continue;
    const SMessage message{EMessage::kListener, key.first, {}, m_listeners.Duplicate(key)};
    if (p_worker->channel.TrySend(message)) p_worker->serves.insert(key);
  }
}

void CWorkerSet::HandOverDispatched(const CGeneration& generation) {
  for (const uint32_t listener : generation.Listeners()) HandOverDispatched(generation, listener);
}

void CWorkerSet::HandOverDispatched(const CGeneration& generation, uint32_t listener) {
  if (generation.AcceptOf(listener) != EAcceptMode::kDispatch) return;
  for (const CListenerStore::Key& key : m_listeners.Kept()) {
    if (key.first != listener) continue;
    for (auto& [pid, worker] : m_processes) {
      if (worker.p_generation.get() != &generation || worker.isLeaving || !worker.channel.IsOpen()) continue;
      worker.channel.TrySend({EMessage::kListener, key.first, {}, m_listeners.Duplicate(key)});
    }
  }
}

void CWorkerSet::CallLast(const CGeneration& generation, uint32_t listener) {
  if (generation.Config().business.mode != EBusinessMode::kProcessPool) HandOverDispatched(generation, listener);
  for (auto& [pid, worker] : m_processes) {
    if (worker.p_generation.get() != &generation || worker.isLeaving || !worker.channel.IsOpen()) continue;
    worker.channel.TrySend({EMessage::kLastCall, listener, {}, {}});
  }
}

void CWorkerSet::TellToStop(SWorkerProcess& worker, EStopMode mode, EGoAwayReason reason) {
  worker.isLeaving = true;
  m_scoreboard.Page(worker.page).state.store(EWorkerState::kLeaving, std::memory_order_relaxed);
  worker.killAt = m_clock.Now() + worker.p_generation->Config().server.shutdown_timeout + kKillGrace;
  // A worker that doesn't take the message, because it hangs, will not say why it goes.
  if (worker.channel.IsOpen()) worker.channel.TrySend({EMessage::kReason, 0, {}, {}, reason});
  // Safe: the number of a dead worker is not given to another process before the master has waited for it.
  kill(worker.pid, mode == EStopMode::kFast ? SIGTERM : SIGQUIT);
}

void CWorkerSet::Signal(int number) const {
  for (const auto& [pid, worker] : m_processes) kill(pid, number);
}

void CWorkerSet::ReopenLogs() {
  for (auto& [pid, worker] : m_processes) worker.isReopening = worker.isReady && !worker.isLeaving;
  Signal(SIGUSR1);
}

bool CWorkerSet::HaveReopenedLogs() const {
  return std::none_of(m_processes.begin(), m_processes.end(),
                      [](const auto& entry) { return entry.second.isReopening && !entry.second.isLeaving; });
}

std::optional<MonotonicTime> CWorkerSet::NextKill() const {
  std::optional<MonotonicTime> next;
  for (const auto& [pid, worker] : m_processes) {
    if (worker.killAt && (!next || *worker.killAt < *next)) next = worker.killAt;
  }
  return next;
}

void CWorkerSet::KillOverdue() {
  const MonotonicTime now = m_clock.Now();
  for (auto& [pid, worker] : m_processes) {
    if (!worker.killAt || now < *worker.killAt) continue;
    worker.killAt.reset();
    if (!worker.isLeaving) worker.failure = "the worker was not ready within server.start_timeout_s";
    m_log.Alert("worker process {} ({}) outlived the time to {} and is killed", worker.slot, pid,
                worker.isLeaving ? "stop" : "start");
    kill(pid, SIGKILL);
  }
}

}  // namespace switchboard
