#include "client-sim/client/CClientConnection.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "net/wire/Wire.h"

namespace switchboard::sim {
namespace {

// recv as a system call alone: in a process with threads the C library's encloses it in two atomic operations for
// pthread_cancel; that and send's were 3 % of all that a request costs here.
ssize_t RawReceive(int socket, std::span<std::byte> buffer) {
  return ::syscall(SYS_recvfrom, socket, buffer.data(), buffer.size(), 0, nullptr, nullptr);
}

}  // namespace

int CClientConnection::Connect(const CEndpoint& server, size_t address) {
  m_partial = {};
  m_writer.Clear();
  m_conversation.ForgetGoAway();
  const int error = server.Connect(SOCK_NONBLOCK, m_fd, address, m_conversation.Connection());
  if (error == 0) m_state = EConnectionState::kOpen;
  if (error == EINPROGRESS) m_state = EConnectionState::kConnecting;
  return error;
}

int CClientConnection::FinishConnect() {
  const int error = CEndpoint::ConnectErrorOf(m_fd);
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

bool CClientConnection::Consume(std::span<const std::byte> bytes, MonotonicTime now) {
  const CConversation::SEaten eaten = m_conversation.OnBytes(bytes, now);
  if (eaten.isBad) return false;
  if (eaten.bytes == bytes.size()) {
    m_partial.clear();
  } else {
    m_partial.assign(bytes.begin() + static_cast<ptrdiff_t>(eaten.bytes), bytes.end());
  }
  return true;
}

void CClientConnection::Send(std::span<const std::byte> frames) {
  m_conversation.Remember(frames);
  m_writer.Send(m_fd, frames);
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
