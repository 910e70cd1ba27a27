#include "client-sim/record/CReplay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "client-sim/base/Process.h"
#include "client-sim/base/Text.h"
#include "client-sim/options/COptions.h"

namespace switchboard::sim {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr std::chrono::seconds kSecond{1};

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
      m_in(kReadBytes) {
  RaiseDescriptorLimit();
  m_loop.Add(m_signals.Get(), EPOLLIN, m_onSignals);
  for (const SRecordedConnection& recorded : m_recording.Connections()) {
    m_connections.emplace_back(recorded, m_options.ignored, *this, m_tally);
  }
}

int CReplay::Execute() {
  if (!m_options.isQuiet) PrintIfTaken(Heading());
  Play();
  ReleaseSignals();
  Print(Table());
  return ExitCode();
}

void CReplay::Play() {
  m_pace = {m_loop.Refresh(), m_options.speed};
  m_progress = m_line = m_pace.start;
  while (m_finished < m_connections.size()) {
    while (m_opened < m_connections.size() && MayOpenNext()) Open(m_connections[m_opened++]);
    if (IsTimeSettled() && m_loop.Now() >= m_progress + m_options.patience) CloseAll("the server fell silent");
    if (m_finished == m_connections.size()) break;
    if (m_loop.Now() >= m_line + kSecond) {
      m_line = m_loop.Now();
      if (!m_options.isQuiet) PrintIfTaken(LiveLine());
    }
    m_loop.Turn(Deadline());
  }
  m_end = m_loop.Refresh();
}

bool CReplay::MayOpenNext() {
  if (m_pace.AwaitsReplies()) return m_opened - m_finished < m_recording.Peak();
  return m_pace.Due(m_connections[m_opened].Recorded().open) <= m_loop.Now();
}

void CReplay::Open(CReplayConnection& connection) {
  const int error = connection.Connect(m_server);
  if (error != 0 && error != EINPROGRESS) {
    ++m_connectFailures;
    m_connectError = std::generic_category().message(error);
    return Close(connection, "could not connect");
  }
  m_progress = m_loop.Refresh();
  m_loop.Add(connection.Fd(), EventsFor(connection), connection);
  if (error == 0) Continue(connection);
}

void CReplay::Continue(CReplayConnection& connection) {
  const bool hadUnsent = connection.HasUnsent();
  const uint64_t sentBefore = connection.Sent();
  connection.SendDue(m_pace, m_loop.Now(), m_out);
  if (connection.Sent() != sentBefore || hadUnsent) m_progress = m_loop.Now();
  if (hadUnsent != connection.HasUnsent()) m_loop.Modify(connection.Fd(), EventsFor(connection), connection);
  const std::optional<MonotonicTime> next = connection.NextDue(m_pace);
  if (!next || next == connection.Alarm()) return;
  if (!connection.Alarm()) ++m_timed;
  connection.SetAlarm(next);
  m_loop.WakeAt(*next, connection);
}

void CReplay::OnTime(CReplayConnection& connection) {
  const std::optional<MonotonicTime> due = connection.Alarm();
  if (!due || m_loop.Now() < *due) return;
  connection.SetAlarm(std::nullopt);
  --m_timed;
  m_lags.Record(m_loop.Now() - *due);
  Continue(connection);
}

MonotonicTime CReplay::Deadline() const {
  MonotonicTime deadline = m_options.isQuiet ? kNever : m_line + kSecond;
  if (IsTimeSettled()) deadline = std::min(deadline, m_progress + m_options.patience);
  if (!m_pace.AwaitsReplies() && m_opened < m_connections.size()) {
    deadline = std::min(deadline, m_pace.Due(m_connections[m_opened].Recorded().open));
  }
  return deadline;
}

void CReplay::OnEvents(CReplayConnection& connection, uint32_t events) {
  if (!connection.IsOpen()) return;
  if (connection.IsConnecting() && !HandleConnected(connection)) return;
  const size_t settledBefore = connection.Settled();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    switch (connection.Read(m_in)) {
      case CReplayConnection::ERead::kEnd:
        return Close(connection, "the server closed the connection");
      case CReplayConnection::ERead::kReset:
        return Close(connection, "the server reset the connection");
      case CReplayConnection::ERead::kBadLength:
        return Close(connection, "the server sent an impossible length");
      case CReplayConnection::ERead::kMore:
        // What the record doesn't know is no progress, however much of it comes.
        m_loop.Refresh();
        if (connection.Settled() != settledBefore) m_progress = m_loop.Now();
        break;
      case CReplayConnection::ERead::kNothing:
        break;
    }
  }
  // At a speed, the next step has its alarm already unless the socket was what held it back.
  if (m_pace.AwaitsReplies() || (events & EPOLLOUT) != 0) Continue(connection);
}

bool CReplay::HandleConnected(CReplayConnection& connection) {
  const int error = connection.FinishConnect();
  if (error == 0) {
    m_loop.Modify(connection.Fd(), EventsFor(connection), connection);
    return true;
  }
  ++m_connectFailures;
  m_connectError = std::generic_category().message(error);
  Close(connection, "could not connect");
  return false;
}

uint32_t CReplay::EventsFor(const CReplayConnection& connection) {
  const bool isWriting = connection.IsConnecting() || connection.HasUnsent();
  return EPOLLIN | (isWriting ? uint32_t{EPOLLOUT} : 0);
}

void CReplay::HandleSignals() {
  if (TakeSignal(m_signals)) CloseAll("the replay was stopped");
}

void CReplay::Close(CReplayConnection& connection, const std::string& why) {
  connection.Close(why);
  if (connection.Alarm()) --m_timed;
  connection.SetAlarm(std::nullopt);
  m_sent += connection.Sent();
  m_received += connection.Received();
  m_unsent += connection.Unsent();
  ++m_finished;
  m_progress = m_loop.Refresh();
}

void CReplay::CloseAll(const std::string& why) {
  for (size_t index = 0; index < m_opened; ++index) {
    if (m_connections[index].IsOpen()) Close(m_connections[index], why);
  }
  while (m_opened < m_connections.size()) Close(m_connections[m_opened++], why);
}

std::string CReplay::Heading() const {
  const std::string speed =
      m_options.speed == 0 ? "as fast as it answers" : fmt::format("at speed {:g}", m_options.speed);
  return fmt::format("client-sim: {} and {} of {:.3f} s against {}, {}{}\n",
                     Counted(m_connections.size(), "connection"), Counted(m_recording.Requests(), "frame"),
                     SecondsOf(m_recording.Length()), m_options.server, speed,
                     m_recording.IsCutOff() ? " (the record breaks off: what came before is played)" : "");
}

std::string CReplay::LiveLine() const {
  uint64_t sent = m_sent;
  uint64_t received = m_received;
  for (size_t index = 0; index < m_opened; ++index) {
    if (!m_connections[index].IsOpen()) continue;
    sent += m_connections[index].Sent();
    received += m_connections[index].Received();
  }
  return fmt::format("{:>8}   {} of {} sent   {}   {}   {}\n", ClockText(SecondsOf(m_line - m_pace.start)),
                     WithCommas(sent), Counted(m_recording.Requests(), "frame"), Counted(received, "reply"),
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
  fmt::format_to(std::back_inserter(out), "{:<20}{:>15.3f} s\n", "time", SecondsOf(m_end - m_pace.start));
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
