#include "client-sim/attack/CAttackers.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "net/wire/Wire.h"

namespace switchboard::sim {
namespace {

// Before an attacker comes back: at once when it ended the connection itself.
constexpr std::chrono::milliseconds kComeback{20};
constexpr std::chrono::milliseconds kOwnComeback{1};
constexpr size_t kReadBytes = 64 * 1024;
// A slow reader's window: small, so that the server's send queue fills soon.
constexpr int kSlowReaderBytes = 4096;

}  // namespace

CAttackers::CAttackers(const SAttackKind& kind, uint32_t count, const CEndpoint& server, const CClock& clock,
                       uint32_t seed)
    : m_kind(kind), m_bytes(kind.Bytes(seed)), m_server(server), m_loop(clock), m_in(kReadBytes) {
  m_loop.Add(m_wakeup.Fd(), EPOLLIN, m_onWakeup);
  for (uint32_t i = 0; i < count; ++i) m_attackers.emplace_back(*this);
  m_outcome.kind = m_kind.name;
  m_outcome.attackers = count;
}

void CAttackers::Run() {
  for (SAttacker& attacker : m_attackers) Open(attacker);
  m_loop.RunUntil(kNever, [this] { return m_isStopped.load(std::memory_order_acquire); });
  for (SAttacker& attacker : m_attackers) {
    if (attacker.fd.IsValid() && !attacker.isConnecting) ++m_outcome.stillOpen;
    attacker.fd.Reset();
  }
}

void CAttackers::Stop() {
  m_isStopped.store(true, std::memory_order_release);
  m_wakeup.Signal();
}

void CAttackers::HandleTime(SAttacker& attacker) {
  if (m_loop.Now() < attacker.due) return;
  if (!attacker.fd.IsValid()) {
    Open(attacker);
  } else if (!attacker.isConnecting) {
    Send(attacker);
  }
}

void CAttackers::HandleEvent(SAttacker& attacker, uint32_t events) {
  if (attacker.isConnecting) {
    if (CEndpoint::ConnectErrorOf(attacker.fd) != 0) return End(attacker, m_outcome.connectFailures);
    attacker.isConnecting = false;
    ++m_outcome.connections;
    Watch(attacker, false);
    return Send(attacker);
  }
  if ((events & EPOLLERR) != 0) return End(attacker, m_outcome.resetByServer);
  if ((events & EPOLLIN) != 0 && !Read(attacker)) return;
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) return End(attacker, m_outcome.closedByServer);
  if ((events & EPOLLOUT) != 0) Send(attacker);
}

void CAttackers::Open(SAttacker& attacker) {
  if (m_attempts == kMaxConnections) return;
  ++m_attempts;
  attacker.sentBytes = 0;
  attacker.decoder.Clear();
  const int error = m_server.Connect(SOCK_NONBLOCK, attacker.fd);
  if (error != 0 && error != EINPROGRESS) return End(attacker, m_outcome.connectFailures);
  if (!m_kind.isReading) {
    ::setsockopt(attacker.fd.Get(), SOL_SOCKET, SO_RCVBUF, &kSlowReaderBytes, sizeof(kSlowReaderBytes));
  }
  attacker.isConnecting = error == EINPROGRESS;
  m_loop.Add(attacker.fd.Get(), EventsFor(attacker, attacker.isConnecting), attacker);
  if (attacker.isConnecting) return;
  ++m_outcome.connections;
  Send(attacker);
}

void CAttackers::Send(SAttacker& attacker) {
  if (attacker.sentBytes == m_bytes.size()) {
    if (m_kind.farewell != EFarewell::kAgain) return SayFarewell(attacker);
    attacker.sentBytes = 0;
  }
  const size_t wanted = m_bytes.size() - attacker.sentBytes;
  const size_t piece = m_kind.pieceBytes == 0 ? wanted : std::min<size_t>(wanted, m_kind.pieceBytes);
  const ssize_t sent = ::send(attacker.fd.Get(), m_bytes.data() + attacker.sentBytes, piece, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return SendFailed(attacker, errno);
  if (sent > 0) {
    attacker.sentBytes += static_cast<size_t>(sent);
    m_outcome.bytesSent += static_cast<uint64_t>(sent);
  }
  if (attacker.sentBytes == m_bytes.size() && m_kind.farewell != EFarewell::kAgain) return SayFarewell(attacker);
  if (m_kind.pause == Nanoseconds::zero()) return Watch(attacker, true);
  GoOnAfter(attacker, m_kind.pause);
}

void CAttackers::GoOnAfter(SAttacker& attacker, Nanoseconds pause) {
  attacker.due = m_loop.Now() + pause;
  m_loop.WakeAt(attacker.due, attacker);
}

void CAttackers::SendFailed(SAttacker& attacker, int error) {
  // What the server said before it left tells why.
  if (m_kind.isReading && !Read(attacker)) return;
  End(attacker, error == ECONNRESET ? m_outcome.resetByServer : m_outcome.closedByServer);
}

void CAttackers::SayFarewell(SAttacker& attacker) {
  if (m_kind.farewell == EFarewell::kStay) return Watch(attacker, false);
  if (m_kind.farewell == EFarewell::kReset) {
    const linger now{1, 0};
    ::setsockopt(attacker.fd.Get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  End(attacker, m_outcome.endedByAttacker);
}

bool CAttackers::Read(SAttacker& attacker) {
  const ssize_t bytes = ::recv(attacker.fd.Get(), m_in.data(), m_in.size(), 0);
  if (bytes < 0 && errno == EAGAIN) return true;
  if (bytes <= 0) {
    End(attacker, bytes == 0 ? m_outcome.closedByServer : m_outcome.resetByServer);
    return false;
  }
  m_outcome.bytesReceived += static_cast<uint64_t>(bytes);
  const auto cut = attacker.decoder.Feed(std::span(m_in).first(static_cast<size_t>(bytes)), kMaxPacketBytes);
  NoteRejects(cut.head);
  NoteRejects(cut.rest);
  // Whatever comes now, no more of it can be understood.
  if (cut.isBad) attacker.decoder.Clear();
  return true;
}

void CAttackers::NoteRejects(std::span<const std::byte> frames) {
  while (!frames.empty()) {
    const SFrame frame = SFrame::At(frames.data());
    frames = frames.subspan(frame.Bytes());
    if (frame.msgCode != kRejectCode || frame.body.size() != sizeof(SRejectBody)) continue;
    SRejectBody body;
    std::memcpy(&body, frame.body.data(), sizeof(body));
    ++m_outcome.rejectsByReason[body.reason];
  }
}

void CAttackers::End(SAttacker& attacker, uint64_t& counter) {
  ++counter;
  attacker.fd.Reset();
  attacker.isConnecting = false;
  const bool isOwn = m_kind.farewell == EFarewell::kClose || m_kind.farewell == EFarewell::kReset;
  GoOnAfter(attacker, isOwn ? kOwnComeback : kComeback);
}

uint32_t CAttackers::EventsFor(const SAttacker& attacker, bool isSending) const {
  uint32_t events = EPOLLRDHUP;
  if (m_kind.isReading && !attacker.isConnecting) events |= EPOLLIN;
  if (isSending) events |= EPOLLOUT;
  return events;
}

void CAttackers::Watch(SAttacker& attacker, bool isSending) {
  m_loop.Modify(attacker.fd.Get(), EventsFor(attacker, isSending), attacker);
}

}  // namespace switchboard::sim
