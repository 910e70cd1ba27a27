#include "client-sim/CReplay.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <system_error>

#include "client-sim/COptions.h"
#include "client-sim/Process.h"
#include "client-sim/Text.h"

namespace switchboard::sim {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kTimerKey = UINT64_MAX;
constexpr uint64_t kSignalKey = UINT64_MAX - 1;

CFd Checked(int fd, const char* p_what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), p_what);
  return CFd(fd);
}

void WatchOwn(const CFd& epoll, const CFd& fd, uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (::epoll_ctl(epoll.Get(), EPOLL_CTL_ADD, fd.Get(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

}  // namespace

CReplay::CReplay(const SReplayOptions& options)
    : m_options(options),
      m_server(options.server),
      m_file(options.file),
      m_recording(m_file.Bytes()),
      m_signals(OpenSignals()),
      m_timer(Checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      m_epoll(Checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      m_in(kReadBytes) {
  RaiseDescriptorLimit();
  WatchOwn(m_epoll, m_timer, kTimerKey);
  WatchOwn(m_epoll, m_signals, kSignalKey);
  for (const SRecordedConnection& recorded : m_recording.Connections()) {
    m_connections.emplace_back(recorded, m_options.ignored, m_tally);
  }
}

int CReplay::Execute() {
  if (!m_options.isQuiet) Print(Heading());
  Play();
  Print(Table());
  return ExitCode();
}

void CReplay::Play() {
  m_pace = {Now(), m_options.speed};
  m_progressNs = m_lineNs = m_pace.startNs;
  while (m_finished < m_connections.size()) {
    const uint64_t nowNs = Now();
    ContinueDue(nowNs);
    if (IsTimeSettled() && nowNs >= m_progressNs + m_options.patienceNs) CloseAll("the server fell silent");
    if (m_finished == m_connections.size()) break;
    if (nowNs >= m_lineNs + kSecondNs) {
      m_lineNs = nowNs;
      if (!m_options.isQuiet) Print(LiveLine(nowNs));
    }
    WaitAndHandle(nowNs);
  }
  m_endNs = Now();
}

void CReplay::ContinueDue(uint64_t nowNs) {
  while (m_opened < m_connections.size() && MayOpenNext(nowNs)) Open(m_opened++);
  while (!m_due.empty() && m_due.top().first <= nowNs) {
    const auto [dueNs, index] = m_due.top();
    m_due.pop();
    if (!m_connections[index].IsOpen()) continue;
    m_lags.Record(nowNs - dueNs);
    Continue(index, nowNs);
  }
}

bool CReplay::MayOpenNext(uint64_t nowNs) const {
  if (m_pace.AwaitsReplies()) return m_opened - m_finished < m_recording.Peak();
  return m_pace.DueNs(m_connections[m_opened].Recorded().openNs) <= nowNs;
}

void CReplay::Open(size_t index) {
  const int error = m_connections[index].Connect(m_server);
  if (error != 0 && error != EINPROGRESS) {
    ++m_connectFailures;
    m_connectError = std::generic_category().message(error);
    return Close(index, "could not connect");
  }
  m_progressNs = Now();
  Watch(index, EPOLL_CTL_ADD);
  if (error == 0) Continue(index, m_progressNs);
}

void CReplay::Continue(size_t index, uint64_t nowNs) {
  CReplayConnection& connection = m_connections[index];
  const bool hadUnsent = connection.HasUnsent();
  const uint64_t sentBefore = connection.Sent();
  connection.SendDue(m_pace, nowNs, m_out);
  if (connection.Sent() != sentBefore || hadUnsent) m_progressNs = nowNs;
  if (hadUnsent != connection.HasUnsent()) Watch(index, EPOLL_CTL_MOD);
  if (const auto nextNs = connection.NextDueNs(m_pace)) m_due.emplace(*nextNs, index);
}

void CReplay::WaitAndHandle(uint64_t nowNs) {
  SetTimer(Deadline(nowNs));
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(m_epoll.Get(), events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    const uint64_t key = events[static_cast<size_t>(i)].data.u64;
    if (key == kTimerKey) {
      uint64_t expirations;
      if (::read(m_timer.Get(), &expirations, sizeof(expirations)) > 0) m_timerNs = 0;
    } else if (key == kSignalKey) {
      if (TakeSignal(m_signals)) CloseAll("the replay was stopped");
    } else {
      HandleSocket(key, events[static_cast<size_t>(i)].events);
    }
  }
}

uint64_t CReplay::Deadline(uint64_t nowNs) const {
  uint64_t deadlineNs = m_options.isQuiet ? UINT64_MAX : m_lineNs + kSecondNs;
  if (IsTimeSettled()) deadlineNs = std::min(deadlineNs, m_progressNs + m_options.patienceNs);
  if (!m_due.empty()) deadlineNs = std::min(deadlineNs, m_due.top().first);
  if (!m_pace.AwaitsReplies() && m_opened < m_connections.size()) {
    deadlineNs = std::min(deadlineNs, m_pace.DueNs(m_connections[m_opened].Recorded().openNs));
  }
  return std::max(deadlineNs, nowNs + 1);
}

void CReplay::SetTimer(uint64_t deadlineNs) {
  if (deadlineNs == m_timerNs) return;
  m_timerNs = deadlineNs;
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(std::min<uint64_t>(deadlineNs / kSecondNs, INT32_MAX));
  when.it_value.tv_nsec = static_cast<long>(deadlineNs % kSecondNs);
  ::timerfd_settime(m_timer.Get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void CReplay::HandleSocket(size_t index, uint32_t events) {
  CReplayConnection& connection = m_connections[index];
  if (!connection.IsOpen()) return;
  if (connection.IsConnecting() && !HandleConnected(index)) return;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    switch (connection.Read(m_in)) {
      case CReplayConnection::ERead::kEnd:
        return Close(index, "the server closed the connection");
      case CReplayConnection::ERead::kReset:
        return Close(index, "the server reset the connection");
      case CReplayConnection::ERead::kBadLength:
        return Close(index, "the server sent an impossible length");
      case CReplayConnection::ERead::kMore:
        m_progressNs = Now();
        break;
      case CReplayConnection::ERead::kNothing:
        break;
    }
  }
  // At a speed, the next step is already in m_due unless the socket was what held it back.
  if (m_pace.AwaitsReplies() || (events & EPOLLOUT) != 0) Continue(index, Now());
}

bool CReplay::HandleConnected(size_t index) {
  const int error = m_connections[index].FinishConnect();
  if (error == 0) {
    Watch(index, EPOLL_CTL_MOD);
    return true;
  }
  ++m_connectFailures;
  m_connectError = std::generic_category().message(error);
  Close(index, "could not connect");
  return false;
}

void CReplay::Watch(size_t index, int operation) {
  const CReplayConnection& connection = m_connections[index];
  epoll_event event{};
  event.events = EPOLLIN;
  if (connection.IsConnecting() || connection.HasUnsent()) event.events |= EPOLLOUT;
  event.data.u64 = index;
  if (::epoll_ctl(m_epoll.Get(), operation, connection.Fd(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void CReplay::Close(size_t index, const std::string& why) {
  CReplayConnection& connection = m_connections[index];
  connection.Close(why);
  m_sent += connection.Sent();
  m_received += connection.Received();
  m_unsent += connection.Unsent();
  ++m_finished;
  m_progressNs = Now();
}

void CReplay::CloseAll(const std::string& why) {
  for (size_t index = 0; index < m_opened; ++index) {
    if (m_connections[index].IsOpen()) Close(index, why);
  }
  while (m_opened < m_connections.size()) Close(m_opened++, why);
}

std::string CReplay::Heading() const {
  const std::string speed =
      m_options.speed == 0 ? "as fast as it answers" : fmt::format("at speed {:g}", m_options.speed);
  return fmt::format("client-sim: {} and {} of {:.3f} s against {}, {}{}\n",
                     Counted(m_connections.size(), "connection"), Counted(m_recording.Requests(), "frame"),
                     static_cast<double>(m_recording.LengthNs()) / 1e9, m_options.server, speed,
                     m_recording.IsCutOff() ? " (the record breaks off: what came before is played)" : "");
}

std::string CReplay::LiveLine(uint64_t nowNs) const {
  uint64_t sent = m_sent;
  uint64_t received = m_received;
  for (size_t index = 0; index < m_opened; ++index) {
    if (!m_connections[index].IsOpen()) continue;
    sent += m_connections[index].Sent();
    received += m_connections[index].Received();
  }
  return fmt::format("{:>8}   {} of {} sent   {}   {}   {}\n",
                     ClockText(static_cast<double>(nowNs - m_pace.startNs) / 1e9), WithCommas(sent),
                     Counted(m_recording.Requests(), "frame"), Counted(received, "reply"),
                     Counted(m_opened - m_finished, "connection"), Counted(m_tally.Differences(), "difference"));
}

std::string CReplay::Table() const {
  std::string out = "\n";
  const auto append = [&out](std::string_view name, uint64_t count, std::string_view remark = {}) {
    fmt::format_to(std::back_inserter(out), "{:<20}{:>15}{}{}\n", name, WithCommas(count), remark.empty() ? "" : "   ",
                   remark);
  };
  append("connections", m_connections.size());
  if (m_connectFailures != 0) append("connect failures", m_connectFailures, m_connectError);
  append("frames sent", m_sent);
  if (m_unsent != 0) append("frames not sent", m_unsent);
  append("replies", m_received, fmt::format("of {} recorded", WithCommas(m_recording.Replies())));
  if (m_options.isDiff) {
    append("equal", m_tally.equal);
    append("different", m_tally.different);
    append("missing", m_tally.missing);
    append("unexpected", m_tally.unexpected);
  }
  fmt::format_to(std::back_inserter(out), "{:<20}{:>15.3f} s\n", "time",
                 static_cast<double>(m_endNs - m_pace.startNs) / 1e9);
  if (m_lags.Count() != 0) {
    fmt::format_to(std::back_inserter(out), "{:<20}{:>15.3f} ms   p99 {:.3f} ms behind the record's pace\n",
                   "worst lag", static_cast<double>(m_lags.Max()) / 1e6, static_cast<double>(m_lags.ValueAt(99)) / 1e6);
  }
  if (m_options.isDiff && !m_tally.offenders.empty()) {
    out += "\nthe first differences:\n";
    for (const std::string& offender : m_tally.offenders) {
      fmt::format_to(std::back_inserter(out), "  {}\n", offender);
    }
  }
  return out;
}

int CReplay::ExitCode() const {
  if (m_connectFailures != 0) return kExitNoConnection;
  if (m_unsent != 0) return kExitFaults;
  return m_options.isDiff && m_tally.Differences() != 0 ? kExitFaults : kExitOk;
}

uint64_t CReplay::Now() const {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(m_clock.Now().time_since_epoch()).count());
}

}  // namespace switchboard::sim
