#include "client-sim/load/CDriver.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "client-sim/base/Epoll.h"
#include "client-sim/base/Nanoseconds.h"
#include "client-sim/base/Random.h"

namespace switchboard::sim {
namespace {

// So many handshakes at a time stay below the backlog of most servers.
constexpr size_t kMaxConnecting = 128;
// How long a server may take to close after the last reply, once its client has closed its half.
constexpr uint64_t kFarewellNs = 1'000'000'000;
constexpr size_t kEvents = 256;
// After so many arrivals at once, however late they are, the sockets are looked at again.
constexpr size_t kMaxArrivals = 4096;
// Streams of the seed: the drivers' own are below.
constexpr uint64_t kPauseStream = 1ULL << 32;

}  // namespace

CDriver::CDriver(uint32_t index, const SDriverPlan& plan)
    : m_plan(plan),
      m_index(index),
      m_epoll(OpenEpoll()),
      m_connector({m_plan.server, plan.isReconnecting, SeedOf(plan.seed, kPauseStream + index)}, m_epoll, m_ledger),
      m_feed(m_share, SeedOf(plan.seed, index)),
      m_in(CClientConnection::kReadBytes) {
  WatchFor(m_epoll, EPOLL_CTL_ADD, m_wakeup.Fd(), EPOLLIN, nullptr);
  for (uint32_t i = index; i < plan.connections; i += plan.drivers) {
    m_clients.emplace_back(i, plan.scenario.ClassOf(i), m_ledger, m_latencies);
  }
}

void CDriver::Run() {
  // The kernel's default lets every timeout of a timetable be 50 µs late.
  ::prctl(PR_SET_TIMERSLACK, 1);
  if (!OpenAll()) return m_plan.notes.Post({SDriverNote::EKind::kFailed, m_error});
  m_stage = EStage::kIdle;
  m_plan.notes.Post({SDriverNote::EKind::kReady, {}});
  while (AwaitPhase()) {
    RunPhase();
    m_plan.notes.Post({SDriverNote::EKind::kPhaseOver, {}});
  }
  SayFarewell();
  m_plan.notes.Post({SDriverNote::EKind::kFinished, {}});
}

void CDriver::Begin(const SPhase& phase) {
  m_phase = phase;
  m_latencies.Clear();
  ECommand none = ECommand::kNone;
  m_command.compare_exchange_strong(none, ECommand::kBegin, std::memory_order_release);
  m_wakeup.Signal();
}

void CDriver::Stop() {
  m_command.store(ECommand::kStop, std::memory_order_release);
  m_wakeup.Signal();
}

bool CDriver::OpenAll() {
  m_nowNs = NowNs(m_plan.clock);
  const uint64_t deadlineNs = m_nowNs + m_plan.connectNs;
  const auto isOpening = [this] { return m_connector.Connecting() + m_connector.Pausing() != 0; };
  auto next = m_clients.begin();
  while (next != m_clients.end() || isOpening()) {
    while (!m_connector.HasFailed() && next != m_clients.end() && m_connector.Connecting() < kMaxConnecting) {
      Connect(*next++);
    }
    if (!m_connector.HasFailed() && isOpening()) WaitAndHandle(deadlineNs);
    m_error = m_connector.Error();
    if (m_connector.HasFailed()) return false;
    if (isOpening() && m_nowNs >= deadlineNs) {
      if (m_error.empty()) m_error = "no answer in time";
      return false;
    }
    if (Commanded() == ECommand::kStop) {
      m_error = "interrupted";
      return false;
    }
  }
  return true;
}

bool CDriver::AwaitPhase() {
  while (Commanded() == ECommand::kNone) WaitAndHandle(UINT64_MAX);
  ECommand begin = ECommand::kBegin;
  return m_command.compare_exchange_strong(begin, ECommand::kNone, std::memory_order_acquire);
}

void CDriver::RunPhase() {
  BeginSending();
  const uint64_t endNs = m_share.EndNs();
  while (IsSending()) WaitAndHandle(endNs);
  Drain();
  m_stage = EStage::kIdle;
}

void CDriver::BeginSending() {
  m_stage = EStage::kSending;
  const uint64_t startNs = m_nowNs = NowNs(m_plan.clock);
  m_share.Begin(m_phase, m_index, m_plan.drivers, m_plan.seed, startNs);
  m_repliesBefore = m_ledger.Get(ECount::kReplied);
  const uint64_t rampNs = m_share.IsOpenLoop() ? 0 : m_phase.rampNs;
  size_t index = 0;
  for (CClient& client : m_clients) {
    const uint64_t waitNs = rampNs * index++ / m_clients.size();
    if (waitNs != 0) m_feed.HoldBack(client, startNs + waitNs);
    m_nowNs = NowNs(m_plan.clock);
    Advance(client);
  }
}

bool CDriver::IsSending() const {
  return HasConnections() && m_nowNs < m_share.EndNs() && m_share.Left() != 0 && Commanded() != ECommand::kStop;
}

void CDriver::Drain() {
  m_stage = EStage::kDraining;
  m_endNs = m_nowNs;
  m_share.End(m_nowNs);
  m_repliesInTime = m_ledger.Get(ECount::kReplied) - m_repliesBefore;
  const uint64_t overtimeEndNs = m_endNs + m_phase.overtimeNs;
  const uint64_t drainEndNs = std::max(m_endNs + m_plan.drainNs, overtimeEndNs);
  while (!IsDrained() && m_nowNs < overtimeEndNs) WaitAndHandle(overtimeEndNs);
  DropOverdue();
  while (!IsDrained() && m_nowNs < drainEndNs) WaitAndHandle(drainEndNs);
  AbandonAll();
}

bool CDriver::IsDrained() const {
  if (!HasConnections()) return true;
  return m_connector.Connecting() == 0 && m_share.NextArrivalNs() == UINT64_MAX &&
         std::all_of(m_clients.begin(), m_clients.end(), [](const CClient& client) { return client.IsIdle(); });
}

void CDriver::DropOverdue() {
  uint64_t unsent = 0;
  for (; m_share.NextArrivalNs() != UINT64_MAX; m_share.TakeArrival()) ++unsent;
  for (CClient& client : m_clients) {
    unsent += client.Due().Size();
    client.Due().Clear();
  }
  m_ledger.Count(ECount::kUnsent, unsent);
}

void CDriver::AbandonAll() {
  for (CClient& client : m_clients) {
    if (client.IsIdle()) continue;
    client.Conversation().Abandon("no reply until the end of the drain");
    m_connector.Close(client);
  }
}

void CDriver::SayFarewell() {
  m_stage = EStage::kLeaving;
  for (CClient& client : m_clients) {
    if (client.LostNs() != 0 || client.RetryNs() != 0) ++m_unopened;
    if (client.Connection().State() == EConnectionState::kConnecting) m_connector.Close(client);
    if (client.Connection().State() == EConnectionState::kOpen) m_connector.HalfClose(client);
  }
  m_nowNs = NowNs(m_plan.clock);
  const uint64_t deadlineNs = m_nowNs + kFarewellNs;
  while (m_connector.Finishing() != 0 && m_nowNs < deadlineNs) WaitAndHandle(deadlineNs);
  for (CClient& client : m_clients) m_connector.Close(client);
}

void CDriver::WaitAndHandle(uint64_t deadlineNs) {
  std::array<epoll_event, kEvents> events;
  deadlineNs = std::min({deadlineNs, m_share.NextArrivalNs(), m_feed.NextNs(), m_connector.NextNs()});
  timespec timeout{};
  // m_nowNs lies a little in the past: that matters to the next arrival, and not to the end of a phase.
  const uint64_t nowNs = m_share.IsOpenLoop() ? NowNs(m_plan.clock) : m_nowNs;
  const int count = ::epoll_pwait2(m_epoll.Get(), events.data(), static_cast<int>(events.size()),
                                   TimeLeft(deadlineNs, nowNs, timeout), nullptr);
  // Whatever is handled without a read, which takes the time as well, needs it from here.
  const bool isRead = count > 0 && (events[0].events & EPOLLIN) != 0 && events[0].data.ptr != nullptr;
  if (!isRead) m_nowNs = NowNs(m_plan.clock);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.ptr == nullptr) {
      m_wakeup.Clear();
    } else {
      HandleEvent(*static_cast<CClient*>(event.data.ptr), event.events);
    }
  }
  HandleTimers();
  HandOut();
}

void CDriver::HandleEvent(CClient& client, uint32_t events) {
  CClientConnection& connection = client.Connection();
  if (connection.State() == EConnectionState::kConnecting) {
    if (m_connector.FinishConnect(client, m_nowNs)) Advance(client);
    return;
  }
  if ((events & EPOLLOUT) != 0) connection.Flush();
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) {
    const bool isEnding = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    const EReadResult result = connection.Read(m_in, isEnding, [this] { return m_nowNs = NowNs(m_plan.clock); });
    if (result != EReadResult::kMore) return HandleEnd(client, result);
  }
  Advance(client);
}

void CDriver::HandleEnd(CClient& client, EReadResult result) {
  constexpr std::array<std::string_view, 4> kWhy{"", "the server closed", "the connection was reset",
                                                 "a reply had an impossible length"};
  CConversation& conversation = client.Conversation();
  const bool isFinished = result == EReadResult::kEnd && conversation.Outstanding() == 0;
  const bool isGoing = conversation.HasGoAway() && isFinished;
  if (!isGoing && !(isFinished && client.Connection().State() == EConnectionState::kFinishing)) {
    const std::string_view why = kWhy[static_cast<size_t>(result)];
    m_ledger.Count(ECount::kClosedByServer);
    if (result == EReadResult::kBadLength) {
      conversation.Abandon(why);
    } else {
      conversation.CutOff(why, m_plan.isResetExpected);
    }
  }
  if (m_stage != EStage::kLeaving && (isGoing || m_plan.isReconnecting)) return Reconnect(client);
  m_connector.Close(client);
}

void CDriver::HandleTimers() {
  while (CClient* p_client = m_feed.TakeDue(m_nowNs)) Advance(*p_client);
  while (CClient* p_client = m_connector.TakeRested(m_nowNs)) {
    if (m_stage != EStage::kLeaving) Connect(*p_client);
  }
}

void CDriver::HandOut() {
  m_takers.clear();
  for (size_t i = 0; i < kMaxArrivals && m_share.NextArrivalNs() <= m_nowNs; ++i) {
    CClient* p_client = NextTaker();
    if (p_client == nullptr) return;
    if (p_client->Due().IsEmpty()) m_takers.push_back(p_client);
    p_client->Due().Push(m_share.NextArrivalNs());
    m_share.TakeArrival();
  }
  for (CClient* p_client : m_takers) Advance(*p_client);
}

CClient* CDriver::NextTaker() {
  for (size_t i = 0; i < m_clients.size(); ++i) {
    CClient& client = m_clients[m_nextTaker];
    if (++m_nextTaker == m_clients.size()) m_nextTaker = 0;
    if (client.Connection().State() != EConnectionState::kClosed || client.RetryNs() != 0) return &client;
  }
  return nullptr;
}

void CDriver::Advance(CClient& client) {
  if (client.Connection().State() != EConnectionState::kOpen) return;
  const CConversation& conversation = client.Conversation();
  if (conversation.HasGoAway() && conversation.Outstanding() == 0 && !client.Connection().HasUnsent()) {
    return Reconnect(client);
  }
  const bool isDraining = m_stage == EStage::kDraining;
  if (m_stage == EStage::kSending || isDraining) m_feed.Feed(client, m_nowNs, isDraining);
}

void CDriver::Connect(CClient& client) {
  if (m_connector.Connect(client, m_nowNs)) Advance(client);
}

void CDriver::Reconnect(CClient& client) {
  if (m_connector.Reconnect(client, m_nowNs)) Advance(client);
}

}  // namespace switchboard::sim
