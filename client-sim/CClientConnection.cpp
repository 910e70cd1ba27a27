#include "client-sim/CClientConnection.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "net/Wire.h"

namespace switchboard::sim {
namespace {

// recv and send as system calls alone: in a process with threads the C library's enclose each in two atomic operations
// for pthread_cancel, 3 % of all that a request costs here.
ssize_t RawReceive(int socket, std::span<std::byte> buffer) {
  return ::syscall(SYS_recvfrom, socket, buffer.data(), buffer.size(), 0, nullptr, nullptr);
}
ssize_t RawSend(int socket, std::span<const std::byte> bytes) {
  return ::syscall(SYS_sendto, socket, bytes.data(), bytes.size(), MSG_NOSIGNAL, nullptr, 0);
}

}  // namespace

int CClientConnection::Connect(const CEndpoint& server, size_t address) {
  m_partial = {};
  m_unsent.clear();
  m_unsentAt = 0;
  m_isBroken = false;
  m_conversation.ForgetGoAway();
  const int error = server.Connect(SOCK_NONBLOCK, m_fd, address, m_conversation.Connection());
  if (error == 0) m_state = EConnectionState::kOpen;
  if (error == EINPROGRESS) m_state = EConnectionState::kConnecting;
  return error;
}

int CClientConnection::FinishConnect() {
  int error = 0;
  socklen_t length = sizeof(error);
  if (::getsockopt(m_fd.Get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error == 0) m_state = EConnectionState::kOpen;
  return error;
}

ssize_t CClientConnection::Receive(std::span<std::byte> buffer) {
  for (;;) {
    const ssize_t bytes = RawReceive(m_fd.Get(), buffer);
    if (bytes >= 0) return bytes;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? kNothingYet : -1;
  }
}

bool CClientConnection::Consume(std::span<const std::byte> bytes, uint64_t nowNs) {
  const CConversation::SEaten eaten = m_conversation.OnBytes(bytes, nowNs);
  if (eaten.isBad) return false;
  if (eaten.bytes == bytes.size()) {
    m_partial.clear();
  } else {
    m_partial.assign(bytes.begin() + static_cast<ptrdiff_t>(eaten.bytes), bytes.end());
  }
  return true;
}

size_t CClientConnection::TrySend(std::span<const std::byte> bytes) {
  for (;;) {
    const ssize_t sent = RawSend(m_fd.Get(), bytes);
    if (sent >= 0) return static_cast<size_t>(sent);
    if (errno == EINTR) continue;
    m_isBroken = errno != EAGAIN;
    return 0;
  }
}

void CClientConnection::Send(std::span<const std::byte> frames) {
  m_conversation.Remember(frames);
  const size_t sent = TrySend(frames);
  if (sent == frames.size() || m_isBroken) return;
  m_unsent.assign(frames.begin() + static_cast<ptrdiff_t>(sent), frames.end());
  m_unsentAt = 0;
}

void CClientConnection::Flush() {
  if (!HasUnsent()) return;
  m_unsentAt += TrySend(std::span(m_unsent).subspan(m_unsentAt));
  if (HasUnsent() && !m_isBroken) return;
  m_unsent = {};
  m_unsentAt = 0;
}

void CClientConnection::HalfClose() {
  ::shutdown(m_fd.Get(), SHUT_WR);
  m_state = EConnectionState::kFinishing;
}

void CClientConnection::Close() {
  m_fd.Reset();
  m_state = EConnectionState::kClosed;
}

}  // namespace switchboard::sim
