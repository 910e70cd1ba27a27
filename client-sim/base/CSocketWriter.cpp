#include "client-sim/base/CSocketWriter.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace switchboard::sim {

size_t CSocketWriter::TrySend(const CFd& socket, std::span<const std::byte> bytes) {
  for (;;) {
    // As a system call alone: see CClientConnection.
    const ssize_t sent = ::syscall(SYS_sendto, socket.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, nullptr, 0);
    if (sent >= 0) return static_cast<size_t>(sent);
    if (errno == EINTR) continue;
    m_isBroken = errno != EAGAIN;
    return 0;
  }
}

void CSocketWriter::Send(const CFd& socket, std::span<const std::byte> bytes) {
  const size_t sent = TrySend(socket, bytes);
  if (sent == bytes.size() || m_isBroken) return;
  m_unsent.assign(bytes.begin() + static_cast<ptrdiff_t>(sent), bytes.end());
  m_unsentAt = 0;
}

void CSocketWriter::Flush(const CFd& socket) {
  if (!HasUnsent()) return;
  m_unsentAt += TrySend(socket, std::span(m_unsent).subspan(m_unsentAt));
  if (HasUnsent() && !m_isBroken) return;
  m_unsent = {};
  m_unsentAt = 0;
}

void CSocketWriter::Clear() {
  m_isBroken = false;
  m_unsent.clear();
  m_unsentAt = 0;
}

}  // namespace switchboard::sim
