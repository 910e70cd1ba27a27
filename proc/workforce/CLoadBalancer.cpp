#include "proc/workforce/CLoadBalancer.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "misc/file/CloseForeign.h"
#include "net/accept/CAcceptStrategy.h"
#include "proc/sys/Earliest.h"

namespace switchboard {

namespace {

constexpr uint64_t kBellKey = UINT64_MAX;  // the others are the indices of the sources
constexpr int kAcceptsPerEvent = 64;       // then the rest of the master gets its turn
constexpr std::chrono::seconds kRetry{1};

bool IsPassing(int error) { return error == ECONNABORTED || error == EINTR || error == EPROTO; }

}  // namespace

CLoadBalancer::CLoadBalancer(CLog& log, const CClock& clock, const CListenerStore& listeners, CScoreboard& scoreboard,
                             CWorkerSet& workers)
    : m_clock(clock),
      m_listeners(listeners),
      m_scoreboard(scoreboard),
      m_workers(workers),
      m_p_waiter(std::make_unique<CWaiter>()),
      m_limitedLog(log, clock, [] {}) {
  m_p_waiter->Add(m_bell.Fd(), kBellKey);
}

// ---- What it serves ----

void CLoadBalancer::Serve(const std::shared_ptr<CGeneration>& p_generation) {
  Rest();
  m_p_generation = p_generation;
  const SConfig& config = p_generation->Config();
  m_isPool = config.business.mode == EBusinessMode::kProcessPool;
  for (const uint32_t listener : p_generation->Listeners()) {
    if (p_generation->AcceptOf(listener) != EAcceptMode::kDispatch) continue;
    const int backlog = static_cast<int>(config.listeners[*p_generation->PlaceOf(listener)].backlog);
    for (CFd& socket : m_listeners.DuplicateAll(listener)) {
      // On a socket that listens already this changes the backlog, and nothing else.
      listen(socket.Get(), backlog);
      m_sources.push_back({std::move(socket), listener});
    }
  }
  Deliver();
}

void CLoadBalancer::Rest() {
  m_p_generation.reset();
  Arm();
  m_sources.clear();
}

void CLoadBalancer::PassAll() {
  if (m_isPool) return;
  Collect();  // more can be on its way to a worker
  m_isLastCall = true;
  Deliver();
  m_isLastCall = false;
}

void CLoadBalancer::Stop() {
  Rest();
  m_retryAt.reset();
  while (!m_waiting.IsEmpty()) Refuse(m_waiting.TakeLast(), ERefusal::kStop);
  m_limitedLog.FlushAll();
}

void CLoadBalancer::Forget() {
  m_p_waiter.reset();
  m_sources.clear();
  m_waiting.Clear();
  m_receivers.clear();
}

void CLoadBalancer::Arm() {
  const bool isToBeArmed = m_p_generation != nullptr && !m_isStarved && (m_isPool || m_waiting.IsEmpty());
  if (std::exchange(m_isArmed, isToBeArmed) == isToBeArmed) return;
  for (size_t i = 0; i < m_sources.size(); ++i) {
    if (isToBeArmed) {
      m_p_waiter->Add(m_sources[i].fd.Get(), i);
    } else {
      m_p_waiter->Remove(m_sources[i].fd.Get());
    }
  }
}

// ---- Accepting ----

void CLoadBalancer::HandleEvents() {
  for (const uint64_t key : m_p_waiter->Wait(m_clock.Now())) {
    if (key == kBellKey) {
      m_bell.Clear();
      Collect();
    } else if (m_isArmed) {
      Accept(static_cast<uint32_t>(key));
    }
  }
  Deliver();
}

void CLoadBalancer::Accept(uint32_t source) {
  for (int i = 0; i < kAcceptsPerEvent && m_isArmed; ++i) {
    if (!AcceptOne(m_sources[source])) return;
    Deliver();
    if (m_isPool && !m_waiting.Fits(m_p_generation->Config().business.queue_clients)) {
      Refuse(m_waiting.TakeLast(), ERefusal::kBusy);
    }
  }
}

bool CLoadBalancer::AcceptOne(const SClient& source) {
  SNewcomer newcomer;
  if (CAcceptStrategy::AcceptFrom(source.fd.Get(), newcomer)) {
    m_waiting.Append({std::move(newcomer.fd), source.listener});
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  if (IsPassing(errno)) return true;
  m_limitedLog.Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kAcceptRests, 0, static_cast<uint32_t>(errno)},
                     [error = errno] { return "accepting rests: " + std::generic_category().message(error); });
  m_scoreboard.Page(0).shared.AddShared(ECounter::kAcceptPauses);
  m_retryAt = m_clock.Now() + kRetry;
  m_isStarved = true;
  Arm();
  return false;
}

// With a reset, so that it doesn't rest in TIME_WAIT here.
void CLoadBalancer::Refuse(SClient client, ERefusal why) {
  const linger reset{1, 0};
  setsockopt(client.fd.Get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  m_scoreboard.Page(0).shared.AddShared(ECounter::kConnectionsRefused);
  m_limitedLog.Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kRefused, static_cast<uint16_t>(why)}, [why] {
    constexpr std::array<const char*, 3> kWhys{"the server stops", "every worker is busy, and no place to wait is left",
                                               "its listener is gone"};
    return fmt::format("a client is refused: {}", kWhys[static_cast<size_t>(why)]);
  });
}

std::optional<MonotonicTime> CLoadBalancer::NextDeadline() { return Earliest({m_retryAt, m_limitedLog.NextFlush()}); }

void CLoadBalancer::HandleDeadline() {
  m_limitedLog.Flush(m_clock.Now());
  if (!m_retryAt || m_clock.Now() < *m_retryAt) return;
  m_retryAt.reset();
  m_isStarved = false;
  for (auto& [pid, receiver] : m_receivers) receiver.isBlocked = false;
  Deliver();
}

// ---- Passing on ----

void CLoadBalancer::Deliver() {
  while (!m_waiting.IsEmpty() && m_p_generation != nullptr) {
    SClient& first = m_waiting.First();
    // It may have come back from a worker of an older configuration; the others don't know its listener.
    if (!m_p_generation->PlaceOf(first.listener)) {
      Refuse(std::move(first), ERefusal::kListenerGone);
    } else if (!Pass(first)) {
      break;
    }
    m_waiting.PopFirst();
  }
  Arm();
}

bool CLoadBalancer::Pass(SClient& client) {
  SWorkerProcess* const p_worker = FindRoom();
  if (p_worker == nullptr) return false;
  SReceiver& receiver = m_receivers[p_worker->pid];
  SMessage message{EMessage::kClient, client.listener, {}, std::move(client.fd)};
  const bool isPassed = p_worker->channel.TrySend(message);
  client.fd = std::move(message.fd);
  if (!isPassed) {
    Block(*p_worker, receiver);
    return !m_isLastCall && Pass(client);  // each time there is one less to choose from
  }
  ++receiver.sent;
  receiver.inFlight.push_back({std::move(client.fd), client.listener});
  return true;
}

void CLoadBalancer::Block(const SWorkerProcess& worker, SReceiver& receiver) {
  receiver.isBlocked = true;
  m_scoreboard.Page(worker.page).handOver.isRoomWanted.exchange(true);
  m_retryAt = m_clock.Now() + kRetry;
}

// After the wish is known, who makes room rings; who made it before is found by the second look.
SWorkerProcess* CLoadBalancer::FindRoom() {
  if (SWorkerProcess* const p_worker = FindLeastLoaded(); p_worker != nullptr) return p_worker;
  AskForRoom();
  return FindLeastLoaded();
}

SWorkerProcess* CLoadBalancer::FindLeastLoaded() {
  pid_t best = 0;
  std::pair<uint64_t, uint64_t> least;
  for (const auto& [pid, worker] : m_workers.All()) {
    if (!IsEligible(worker)) continue;
    const SRoom room = RoomOf(worker);
    // Among equals, who has got the fewest so far; in a pool, which is to shrink from its end, the first one.
    const std::pair<uint64_t, uint64_t> load{room.load, m_isPool ? worker.slot : m_receivers[pid].sent};
    if (!room.isThere || (best != 0 && load >= least)) continue;
    best = pid;
    least = load;
  }
  return best == 0 ? nullptr : m_workers.Find(best);
}

bool CLoadBalancer::IsEligible(const SWorkerProcess& worker) {
  const SReceiver& receiver = m_receivers[worker.pid];
  const bool isAwake = !receiver.isPaused && !receiver.isBlocked;
  return worker.p_generation == m_p_generation && worker.isReady && !worker.isLeaving && worker.channel.IsOpen() &&
         (isAwake || m_isLastCall) && !m_scoreboard.Page(worker.page).handOver.isOver.load();
}

CLoadBalancer::SRoom CLoadBalancer::RoomOf(const SWorkerProcess& worker) {
  const SWorkerPage& page = m_scoreboard.Page(worker.page);
  const SHandOver& handOver = page.handOver;
  const SReceiver& receiver = m_receivers[worker.pid];
  SRoom room;
  // In the order that SHandOver asks for.
  room.inFlight = receiver.sent - handOver.taken.load(std::memory_order_acquire);
  const uint64_t lent = handOver.slotsLent.load(std::memory_order_acquire);
  const uint64_t cooling = handOver.slotsCooling.load(std::memory_order_acquire);
  room.load = room.inFlight + page.connectionsActive.load(std::memory_order_relaxed);
  room.isThere =
      room.inFlight + lent < worker.p_generation->Config().pool.max_connections &&
      // Taken ones count until they are collected, which clears their bits. Who takes some rings, so that it goes on.
      receiver.sent - receiver.collected < kMaxMissed &&
      (m_isPool ? room.inFlight == 0 && lent <= cooling : m_isLastCall || room.inFlight < kMaxInFlight);
  return room;
}

bool CLoadBalancer::IsBusy(const SWorkerProcess& worker) { return !RoomOf(worker).isThere; }

void CLoadBalancer::AskForRoom() {
  for (const auto& [pid, worker] : m_workers.All()) {
    if (IsEligible(worker)) m_scoreboard.Page(worker.page).handOver.isRoomWanted.exchange(true);
  }
}

// ---- What becomes of the passed ----

void CLoadBalancer::Collect() {
  for (const auto& [pid, worker] : m_workers.All()) Collect(worker, m_receivers[pid]);
}

void CLoadBalancer::Collect(const SWorkerProcess& worker, SReceiver& receiver) {
  SHandOver& handOver = m_scoreboard.Page(worker.page).handOver;
  const bool isOver = handOver.isOver.load(std::memory_order_acquire);
  const uint64_t taken = handOver.taken.load(std::memory_order_acquire);
  if (!handOver.isRoomWanted.load()) receiver.isBlocked = false;
  std::deque<SClient> missed;
  for (; receiver.collected < taken && !receiver.inFlight.empty(); ++receiver.collected) {
    const uint64_t bit = SHandOver::MissedBit(receiver.collected);
    SClient& client = receiver.inFlight.front();
    if ((handOver.missed.fetch_and(~bit) & bit) != 0) {
      missed.push_back(std::move(client));
    } else {
      CloseShared(std::move(client.fd));
    }
    receiver.inFlight.pop_front();
    m_isStarved = false;
  }
  if (!missed.empty()) Block(worker, receiver);
  if (isOver) m_waiting.TakeBack(receiver.inFlight);
  m_waiting.TakeBack(missed);
}

void CLoadBalancer::OnPaused(pid_t pid, bool isPaused) {
  if (m_workers.Find(pid) != nullptr) m_receivers[pid].isPaused = isPaused;
}

void CLoadBalancer::OnEnd(const SWorkerProcess& worker) {
  const auto found = m_receivers.find(worker.pid);
  if (found == m_receivers.end()) return;
  Collect(worker, found->second);
  m_waiting.TakeBack(found->second.inFlight);
  m_receivers.erase(found);
}

}  // namespace switchboard
