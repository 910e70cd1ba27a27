#include "client-sim/CDriver.h"

#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>

#include "client-sim/Random.h"

namespace switchboard::sim {
namespace {

// So many handshakes at a time stay below the backlog of most servers.
constexpr size_t kMaxConnecting = 128;
// How long a server may take to close after the last reply, once its client has closed its half.
constexpr uint64_t kFarewellNs = 1'000'000'000;
constexpr size_t kEvents = 256;
// After so many arrivals at once, however late they are, the sockets are looked at again.
constexpr size_t kMaxArrivals = 4096;
// The pause before the next attempt to connect: doubled each time, and randomly cut to between half and all of it.
constexpr uint64_t kFirstPauseNs = 10'000'000;
constexpr uint32_t kMaxDoublings = 6;

}  // namespace

CDriver::CDriver(uint32_t index, const SDriverPlan& plan)
    : m_plan(plan),
      m_index(index),
      m_epoll(::epoll_create1(EPOLL_CLOEXEC)),
      m_in(CClientConnection::kReadBytes),
      m_random(SeedOf(plan.seed, index)) {
  if (!m_epoll.IsValid()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(m_epoll.Get(), EPOLL_CTL_ADD, m_wakeup.Fd(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  for (uint32_t i = index; i < plan.connections; i += plan.drivers) {
    m_clients.emplace_back(i, plan.scenario.ClassOf(i), m_ledger, m_latencies);
  }
}

void CDriver::Run() {
  // The kernel's default lets every timeout of a timetable be 50 µs late.
  ::prctl(PR_SET_TIMERSLACK, 1);
  if (!OpenAll()) return m_plan.notes.Post({SDriverNote::EKind::kFailed, std::move(m_error)});
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
  m_nowNs = Now();
  const uint64_t deadlineNs = m_nowNs + m_plan.connectNs;
  auto next = m_clients.begin();
  while (next != m_clients.end() || m_connecting + m_waiting != 0) {
    while (!m_hasFailed && next != m_clients.end() && m_connecting < kMaxConnecting) Open(*next++);
    if (m_hasFailed) return false;
    if (m_connecting + m_waiting != 0) WaitAndHandle(deadlineNs);
    if (m_connecting + m_waiting != 0 && m_nowNs >= deadlineNs) {
      if (m_error.empty()) m_error = "no answer in time";
      return false;
    }
    if (Commanded() == ECommand::kStop) {
      m_error = "interrupted";
      return false;
    }
  }
  return !m_hasFailed;
}

bool CDriver::AwaitPhase() {
  while (Commanded() == ECommand::kNone) WaitAndHandle(UINT64_MAX);
  ECommand begin = ECommand::kBegin;
  return m_command.compare_exchange_strong(begin, ECommand::kNone, std::memory_order_acquire);
}

void CDriver::RunPhase() {
  BeginSending();
  const uint64_t endNs = m_lastDueNs;
  while (IsSending()) WaitAndHandle(endNs);
  Drain();
  m_stage = EStage::kIdle;
}

void CDriver::BeginSending() {
  m_stage = EStage::kSending;
  m_startNs = m_nowNs = Now();
  m_lastDueNs = m_startNs + m_phase.durationNs;
  m_repliesBefore = m_ledger.Get(ECount::kReplied);
  m_left = UINT64_MAX;
  if (m_phase.requests != 0) {
    m_left = m_phase.requests / m_plan.drivers + (m_index < m_phase.requests % m_plan.drivers ? 1 : 0);
  }
  m_pacer.reset();
  if (m_phase.rate > 0) {
    m_pacer.emplace(
        CPacer::SPlan{m_phase.rate, m_phase.rampNs, m_phase.isPoisson, m_index, m_plan.drivers, m_plan.seed});
  }
  const uint64_t rampNs = m_pacer ? 0 : m_phase.rampNs;
  size_t index = 0;
  for (CClient& client : m_clients) {
    const uint64_t waitNs = rampNs * index++ / m_clients.size();
    if (waitNs != 0) {
      client.WaitUntil(m_startNs + waitNs);
      m_timers.Add(m_startNs + waitNs, &client);
    }
    m_nowNs = Now();
    Advance(client);
  }
}

bool CDriver::IsSending() const {
  return HasConnections() && m_nowNs < m_lastDueNs && m_left != 0 && Commanded() != ECommand::kStop;
}

void CDriver::Drain() {
  m_stage = EStage::kDraining;
  m_endNs = m_nowNs;
  m_lastDueNs = std::min(m_lastDueNs, m_nowNs);
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
  return m_connecting == 0 && !HasArrivals() &&
         std::all_of(m_clients.begin(), m_clients.end(), [](const CClient& client) { return client.IsIdle(); });
}

void CDriver::DropOverdue() {
  uint64_t unsent = 0;
  for (; HasArrivals(); m_pacer->Advance(), --m_left) ++unsent;
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
    Close(client);
  }
}

void CDriver::SayFarewell() {
  m_stage = EStage::kLeaving;
  for (CClient& client : m_clients) {
    if (client.LostNs() != 0 || client.RetryNs() != 0) ++m_unopened;
    if (client.Connection().State() == EConnectionState::kConnecting) Close(client);
    if (client.Connection().State() == EConnectionState::kOpen) HalfClose(client);
  }
  m_nowNs = Now();
  const uint64_t deadlineNs = m_nowNs + kFarewellNs;
  while (m_finishing != 0 && m_nowNs < deadlineNs) WaitAndHandle(deadlineNs);
  for (CClient& client : m_clients) Close(client);
}

void CDriver::WaitAndHandle(uint64_t deadlineNs) {
  std::array<epoll_event, kEvents> events;
  deadlineNs = std::min(deadlineNs, NextDueNs());
  timespec timeout{};
  if (deadlineNs != UINT64_MAX) {
    // m_nowNs lies a little in the past: that matters to the next arrival, and not to the end of a phase.
    const uint64_t nowNs = m_pacer ? Now() : m_nowNs;
    const uint64_t leftNs = deadlineNs > nowNs ? deadlineNs - nowNs : 0;
    timeout.tv_sec = static_cast<time_t>(leftNs / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(leftNs % 1'000'000'000);
  }
  const int count = ::epoll_pwait2(m_epoll.Get(), events.data(), static_cast<int>(events.size()),
                                   deadlineNs == UINT64_MAX ? nullptr : &timeout, nullptr);
  // Whatever is handled without a read, which takes the time as well, needs it from here.
  const bool isRead = count > 0 && (events[0].events & EPOLLIN) != 0 && events[0].data.ptr != nullptr;
  if (!isRead) m_nowNs = Now();
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

uint64_t CDriver::NextDueNs() const {
  const uint64_t arrivalNs = HasArrivals() ? m_startNs + m_pacer->NextNs() : UINT64_MAX;
  return std::min(arrivalNs, m_timers.NextNs());
}

void CDriver::HandleEvent(CClient& client, uint32_t events) {
  CClientConnection& connection = client.Connection();
  if (connection.State() == EConnectionState::kConnecting) return HandleConnected(client);
  if ((events & EPOLLOUT) != 0) connection.Flush();
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) {
    const bool isEnding = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    const EReadResult result = connection.Read(m_in, isEnding, [this] { return m_nowNs = Now(); });
    if (result != EReadResult::kMore) return HandleEnd(client, result);
  }
  Advance(client);
}

void CDriver::HandleConnected(CClient& client) {
  --m_connecting;
  if (const int error = client.Connection().FinishConnect(); error != 0) {
    m_error = std::strerror(error);
    client.Connection().Close();
    return Open(client, client.Address() + 1);
  }
  Opened(client);
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
  if (m_stage != EStage::kLeaving && (isGoing || m_plan.isReconnecting)) return Reopen(client);
  Close(client);
}

void CDriver::HandleTimers() {
  while (CClient* p_client = m_timers.TakeDue(m_nowNs)) {
    if (p_client->RetryNs() != 0 && p_client->RetryNs() <= m_nowNs) {
      p_client->SetRetry(0);
      --m_waiting;
      if (m_stage != EStage::kLeaving) Open(*p_client);
    } else {
      Advance(*p_client);
    }
  }
}

void CDriver::HandOut() {
  m_takers.clear();
  for (size_t i = 0; i < kMaxArrivals && HasArrivals() && m_startNs + m_pacer->NextNs() <= m_nowNs; ++i) {
    CClient* p_client = NextTaker();
    if (p_client == nullptr) return;
    if (p_client->Due().IsEmpty()) m_takers.push_back(p_client);
    p_client->Due().Push(m_startNs + m_pacer->NextNs());
    m_pacer->Advance();
    --m_left;
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
    return Reopen(client);
  }
  if (m_stage == EStage::kSending || m_stage == EStage::kDraining) TopUp(client);
}

void CDriver::TopUp(CClient& client) {
  CClientConnection& connection = client.Connection();
  if (BeginsToThink(client)) return;
  size_t allowance = Allowance(client);
  if (allowance == 0) return;
  while (allowance != 0 && connection.CanSend()) {
    m_out.Clear();
    while (allowance != 0 && !m_out.IsFull()) allowance -= Issue(client, allowance);
    connection.Send(m_out.Bytes());
  }
  // No reply will bring it back here after messages that have none.
  if (client.Conversation().Outstanding() == 0 && connection.CanSend() && Allowance(client) != 0)
    m_timers.Add(m_nowNs + 1, &client);
}

size_t CDriver::Allowance(CClient& client) const {
  if (m_nowNs < client.NotBeforeNs()) return 0;
  const size_t due = client.Due().Size();
  if (m_stage == EStage::kDraining && due == 0) return 0;
  const size_t outstanding = client.Conversation().Outstanding();
  if (client.IsInSession()) return outstanding == 0 && m_left != 0 ? 1 : 0;
  const size_t depth = client.Kind().depth == 0 ? SIZE_MAX : client.Kind().depth;
  if (outstanding >= depth) return 0;
  return std::min<size_t>(depth - outstanding, m_pacer ? due : m_left);
}

size_t CDriver::Issue(CClient& client, size_t most) {
  const bool isInSession = client.IsInSession();
  size_t issued = 1;
  if (m_pacer) {
    const uint64_t startNs = isInSession ? m_nowNs : client.Due().TakeFront();
    client.Conversation().Issue(client.NextMessage(m_random), startNs, m_out);
  } else if (client.IsMonotonous()) {
    issued = client.Conversation().IssueRun(0, m_nowNs, most, m_out);
  } else {
    client.Conversation().Issue(client.NextMessage(m_random), m_nowNs, m_out);
  }
  if (!m_pacer) m_left -= issued;
  if (client.Kind().thinkHighNs != 0) client.SetToThink(!isInSession);
  return issued;
}

bool CDriver::BeginsToThink(CClient& client) {
  if (!client.IsToThink() || m_pacer) return false;
  if (client.Conversation().Outstanding() != 0) return true;
  client.SetToThink(false);
  client.WaitUntil(m_nowNs + RandomBetween(m_random, client.Kind().thinkLowNs, client.Kind().thinkHighNs));
  m_timers.Add(client.NotBeforeNs(), &client);
  return true;
}

void CDriver::Open(CClient& client, size_t address) {
  for (; address < m_plan.server.Addresses(); ++address) {
    client.SetAddress(address);
    const int error = client.Connection().Connect(m_plan.server, address);
    if (error == EINPROGRESS) {
      ++m_connecting;
      return Watch(client);
    }
    if (error == 0) {
      Watch(client);
      return Opened(client);
    }
    m_error = std::strerror(error);
  }
  OpenFailed(client);
}

void CDriver::Opened(CClient& client) {
  m_open.store(OpenConnections() + 1, std::memory_order_relaxed);
  if (client.LostNs() != 0) {
    m_ledger.Count(ECount::kReconnects);
    m_reconnectTimes.Record(m_nowNs - client.LostNs());
  }
  client.SetLost(0);
  client.SetFailures(0);
  client.BeginSession();
  Advance(client);
}

void CDriver::OpenFailed(CClient& client) {
  m_ledger.Count(ECount::kConnectFailures);
  m_hasFailed = !m_plan.isReconnecting;
  if (m_hasFailed) return;
  const uint64_t pauseNs = kFirstPauseNs << std::min(client.Failures(), kMaxDoublings);
  client.SetFailures(client.Failures() + 1);
  client.SetRetry(m_nowNs + RandomBetween(m_random, pauseNs / 2, pauseNs));
  m_timers.Add(client.RetryNs(), &client);
  ++m_waiting;
}

void CDriver::Reopen(CClient& client) {
  Close(client);
  client.SetLost(m_nowNs);
  client.SetToThink(false);
  Open(client);
}

void CDriver::HalfClose(CClient& client) {
  client.Connection().HalfClose();
  m_open.store(OpenConnections() - 1, std::memory_order_relaxed);
  ++m_finishing;
}

void CDriver::Close(CClient& client) {
  const EConnectionState state = client.Connection().State();
  if (state == EConnectionState::kConnecting) --m_connecting;
  if (state == EConnectionState::kOpen) m_open.store(OpenConnections() - 1, std::memory_order_relaxed);
  if (state == EConnectionState::kFinishing) --m_finishing;
  client.Connection().Close();
}

void CDriver::Watch(CClient& client) {
  epoll_event event{};
  // Edge-triggered: a level would be looked at once more after each event, 3 % of all that a request costs.
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &client;
  // Fails only when the kernel is out of memory or of watches: nothing of this run could be trusted then.
  if (::epoll_ctl(m_epoll.Get(), EPOLL_CTL_ADD, client.Connection().Fd(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

uint64_t CDriver::Now() const {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(m_plan.clock.Now().time_since_epoch()).count());
}

}  // namespace switchboard::sim
