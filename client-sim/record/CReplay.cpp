#include "client-sim/record/CReplay.h"

#include <fmt/format.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "client-sim/base/Epoll.h"
#include "client-sim/base/Nanoseconds.h"
#include "client-sim/base/Process.h"
#include "client-sim/base/Text.h"
#include "client-sim/options/COptions.h"

namespace switchboard::sim {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kTimerKey = UINT64_MAX;
constexpr uint64_t kSignalKey = UINT64_MAX - 1;

CFd OpenTimer() {
  CFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.IsValid()) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  return timer;
}

CRecording ReadRecord(const CFileMapping& file, const std::string& path) {
  try {
    return CRecording(file.Bytes());
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

CReplay::CReplay(const SReplayOptions& options)
    : m_options(options),
      m_server(options.server),
      m_file(options.file),
      m_recording(ReadRecord(m_file, options.file)),
      m_signals(OpenSignals()),
      m_timer(OpenTimer()),
      m_epoll(OpenEpoll()),
      m_in(kReadBytes) {
  RaiseDescriptorLimit();
  WatchAs(m_epoll, EPOLL_CTL_ADD, m_timer.Get(), EPOLLIN, kTimerKey);
  WatchAs(m_epoll, EPOLL_CTL_ADD, m_signals.Get(), EPOLLIN, kSignalKey);
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
  m_pace = {NowNs(m_clock), m_options.speed};
  m_progressNs = m_lineNs = m_pace.startNs;
  while (m_finished < m_connections.size()) {
    const uint64_t nowNs = NowNs(m_clock);
    ContinueDue(nowNs);
    if (IsTimeSettled() && nowNs >= m_progressNs + m_options.patienceNs) CloseAll("the server fell silent");
    if (m_finished == m_connections.size()) break;
    if (nowNs >= m_lineNs + kSecondNs) {
      m_lineNs = nowNs;
      if (!m_options.isQuiet) Print(LiveLine(nowNs));
    }
    WaitAndHandle(nowNs);
  }
  m_endNs = NowNs(m_clock);
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
  m_progressNs = NowNs(m_clock);
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
        m_progressNs = NowNs(m_clock);
        break;
      case CReplayConnection::ERead::kNothing:
        break;
    }
  }
  // At a speed, the next step is already in m_due unless the socket was what held it back.
  if (m_pace.AwaitsReplies() || (events & EPOLLOUT) != 0) Continue(index, NowNs(m_clock));
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
  const bool isWriting = connection.IsConnecting() || connection.HasUnsent();
  WatchAs(m_epoll, operation, connection.Fd(), EPOLLIN | (isWriting ? uint32_t{EPOLLOUT} : 0), index);
}

void CReplay::Close(size_t index, const std::string& why) {
  CReplayConnection& connection = m_connections[index];
  connection.Close(why);
  m_sent += connection.Sent();
  m_received += connection.Received();
  m_unsent += connection.Unsent();
  ++m_finished;
  m_progressNs = NowNs(m_clock);
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
    out += CountLine(name, count, remark);
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

}  // namespace switchboard::sim
