#include "client-sim/load/CDriver.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "client-sim/base/Random.h"

namespace switchboard::sim {
namespace {

// So many handshakes at a time stay below the backlog of most servers.
constexpr size_t kMaxConnecting = 128;
// How long a server may take to close after the last reply, once its client has closed its half.
constexpr std::chrono::seconds kFarewell{1};
// After so many arrivals at once, however late they are, the sockets are looked at again.
constexpr size_t kMaxArrivals = 4096;
// Streams of the seed: the drivers' own are below.
constexpr uint64_t kPauseStream = 1ULL << 32;

}  // namespace

CDriver::CDriver(uint32_t index, const SDriverPlan& plan)
    : m_plan(plan),
      m_index(index),
      m_loop(plan.clock),
      m_connector({m_plan.server, plan.isReconnecting, SeedOf(plan.seed, kPauseStream + index)}, m_loop, m_ledger),
      m_feed(m_share, m_loop, SeedOf(plan.seed, index)),
      m_in(CClientConnection::kReadBytes) {
  m_loop.Add(m_wakeup.Fd(), EPOLLIN, m_onWakeup);
  for (uint32_t i = index; i < plan.connections; i += plan.drivers) {
    m_clients.emplace_back(i, plan.scenario.ClassOf(i), *this, m_ledger, m_latencies);
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

void CDriver::Command(ECommand command) {
  m_command.store(command, std::memory_order_release);
  m_wakeup.Signal();
}

bool CDriver::OpenAll() {
  const MonotonicTime deadline = m_loop.Refresh() + m_plan.connect;
  const auto isOpening = [this] { return m_connector.Connecting() + m_connector.Pausing() != 0; };
  auto next = m_clients.begin();
  while (next != m_clients.end() || isOpening()) {
    while (!m_connector.HasFailed() && next != m_clients.end() && m_connector.Connecting() < kMaxConnecting) {
      Connect(*next++);
    }
    if (!m_connector.HasFailed() && isOpening()) Turn(deadline);
    m_error = m_connector.Error();
    if (m_connector.HasFailed()) return false;
    if (isOpening() && m_loop.Now() >= deadline) {
      if (m_error.empty()) m_error = "no answer in time";
      return false;
    }
    if (IsStopped()) {
      m_error = "interrupted";
      return false;
    }
  }
  return true;
}

bool CDriver::AwaitPhase() {
  while (Commanded() == ECommand::kNone) Turn(kNever);
  ECommand begin = ECommand::kBegin;
  return m_command.compare_exchange_strong(begin, ECommand::kNone, std::memory_order_acquire);
}

void CDriver::RunPhase() {
  BeginSending();
  const MonotonicTime end = m_share.End();
  while (IsSending()) Turn(end);
  Drain();
  m_stage = EStage::kIdle;
}

void CDriver::BeginSending() {
  m_stage = EStage::kSending;
  const MonotonicTime start = m_loop.Refresh();
  m_share.Begin(m_phase, m_index, m_plan.drivers, m_plan.seed, start);
  m_repliesBefore = m_ledger.Get(ECount::kReplied);
  const Nanoseconds ramp = m_share.IsOpenLoop() ? Nanoseconds::zero() : m_phase.ramp;
  double index = 0;
  for (CClient& client : m_clients) {
    const double part = index++ / static_cast<double>(m_clients.size());
    const Nanoseconds wait = ToNanoseconds(static_cast<double>(ramp.count()) * part);
    if (wait != Nanoseconds::zero()) m_feed.HoldBack(client, start + wait);
    m_loop.Refresh();
    Advance(client);
  }
}

bool CDriver::IsSending() {
  return HasConnections() && m_loop.Now() < m_share.End() && m_share.Left() != 0 && !IsStopped();
}

void CDriver::Drain() {
  m_stage = EStage::kDraining;
  m_end = m_loop.Now();
  m_share.EndAt(m_end);
  m_repliesInTime = m_ledger.Get(ECount::kReplied) - m_repliesBefore;
  const MonotonicTime overtimeEnd = m_end + m_phase.overtime;
  const MonotonicTime drainEnd = std::max(m_end + m_plan.drain, overtimeEnd);
  while (!IsCut() && !IsDrained() && m_loop.Now() < overtimeEnd) Turn(overtimeEnd);
  DropOverdue();
  while (!IsCut() && !IsDrained() && m_loop.Now() < drainEnd) Turn(drainEnd);
  AbandonAll();
}

bool CDriver::IsDrained() const {
  if (!HasConnections()) return true;
  return m_connector.Connecting() == 0 && m_share.NextArrival() == kNever &&
         std::all_of(m_clients.begin(), m_clients.end(), [](const CClient& client) { return client.IsIdle(); });
}

void CDriver::DropOverdue() {
  uint64_t unsent = 0;
  for (; m_share.NextArrival() != kNever; m_share.TakeArrival()) ++unsent;
  for (CClient& client : m_clients) {
    unsent += client.Due().Size();
    client.Due().Clear();
  }
  m_ledger.Count(ECount::kUnsent, unsent);
}

void CDriver::AbandonAll() {
  for (CClient& client : m_clients) {
    if (client.IsIdle()) continue;
    client.Conversation().Abandon(IsCut() ? "no reply until the drain was cut off"
                                          : "no reply until the end of the drain");
    m_connector.Close(client);
  }
}

void CDriver::SayFarewell() {
  m_stage = EStage::kLeaving;
  for (CClient& client : m_clients) {
    if (client.Lost() || client.Retry()) ++m_unopened;
    if (client.Connection().State() == EConnectionState::kConnecting) m_connector.Close(client);
    if (client.Connection().State() == EConnectionState::kOpen) m_connector.HalfClose(client);
  }
  const MonotonicTime deadline = m_loop.Refresh() + kFarewell;
  while (!IsCut() && m_connector.Finishing() != 0 && m_loop.Now() < deadline) Turn(deadline);
  for (CClient& client : m_clients) m_connector.Close(client);
}

void CDriver::Turn(MonotonicTime deadline) {
  m_loop.Turn(std::min(deadline, m_share.NextArrival()));
  HandOut();
}

void CDriver::OnEvents(CClient& client, uint32_t events) {
  CClientConnection& connection = client.Connection();
  if (connection.State() == EConnectionState::kConnecting) {
    if (m_connector.FinishConnect(client)) Advance(client);
    return;
  }
  if ((events & EPOLLOUT) != 0) connection.Flush();
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) {
    const bool isEnding = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    const EReadResult result = connection.Read(m_in, isEnding, [this] { return m_loop.Refresh(); });
    if (result == EReadResult::kFull) {
      client.SetUnread(events);
      m_loop.WakeAt(m_loop.Now() + Nanoseconds(1), client);
    } else if (result != EReadResult::kMore) {
      return HandleEnd(client, result);
    }
  }
  Advance(client);
}

void CDriver::HandleEnd(CClient& client, EReadResult result) {
  constexpr std::array<std::string_view, 5> kWhy{"", "", "the server closed", "the connection was reset",
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

void CDriver::OnTime(CClient& client) {
  if (m_connector.HasRested(client) && m_stage != EStage::kLeaving) return Connect(client);
  const uint32_t unread = client.TakeUnread();
  if (unread != 0 && client.Connection().IsReadable()) return OnEvents(client, unread);
  Advance(client);
}

void CDriver::HandOut() {
  if (!m_share.IsOpenLoop()) return;
  const MonotonicTime now = m_loop.Now();
  m_takers.clear();
  for (size_t i = 0; i < kMaxArrivals && m_share.NextArrival() <= now; ++i) {
    CClient* p_client = NextTaker();
    if (p_client == nullptr) return;
    if (p_client->Due().IsEmpty()) m_takers.push_back(p_client);
    p_client->Due().Push(m_share.NextArrival());
    m_share.TakeArrival();
  }
  for (CClient* p_client : m_takers) Advance(*p_client);
}

CClient* CDriver::NextTaker() {
  for (size_t i = 0; i < m_clients.size(); ++i) {
    CClient& client = m_clients[m_nextTaker];
    if (++m_nextTaker == m_clients.size()) m_nextTaker = 0;
    if (client.Connection().State() != EConnectionState::kClosed || client.Retry()) return &client;
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
  if (m_stage == EStage::kSending || isDraining) m_feed.Feed(client, isDraining);
}

void CDriver::Connect(CClient& client) {
  if (m_connector.Connect(client)) Advance(client);
}

void CDriver::Reconnect(CClient& client) {
  if (m_connector.Reconnect(client)) Advance(client);
}

}  // namespace switchboard::sim
