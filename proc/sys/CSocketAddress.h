#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace switchboard {

// A numeric IPv4 or IPv6 address with its port.
// Threads: any (read-only).
class CSocketAddress {
 public:
  // No names: a start must not depend on a name server. Throws std::runtime_error when `host` is no address.
  CSocketAddress(const std::string& host, uint16_t port);
  // The address that the socket is bound to. Throws std::system_error.
  static CSocketAddress OfSocket(int fd);

  int Family() const { return m_storage.ss_family; }
  const sockaddr* Data() const { return reinterpret_cast<const sockaddr*>(&m_storage); }
  socklen_t Size() const { return m_size; }
  // "127.0.0.1:9000" or "[::1]:9000"
  std::string ToString() const;

 private:
  CSocketAddress() = default;

  sockaddr_storage m_storage{};
  socklen_t m_size = 0;
};

}  // namespace switchboard
