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
  // One of IPv4 or IPv6 that the system has written.
  static CSocketAddress Of(const sockaddr_storage& storage);

  int Family() const { return m_storage.ss_family; }
  const sockaddr* Data() const { return reinterpret_cast<const sockaddr*>(&m_storage); }
  socklen_t Size() const { return m_size; }
  // "127.0.0.1:9000" or "[::1]:9000"
  std::string ToString() const;

  uint16_t Port() const;
  // Whether the hosts are the same, however they were written.
  bool HasHostOf(const CSocketAddress& other) const { return Host() == other.Host() && Family() == other.Family(); }
  // Whether sockets on both would get some clients of the same: one port, and one host or a wildcard for it. IPv6 is
  // taken to be by itself.
  bool DoesMeet(const CSocketAddress& other) const;

 private:
  CSocketAddress() = default;
  std::string Host() const;
  bool IsWildcard() const;

  sockaddr_storage m_storage{};
  socklen_t m_size = 0;
};

}  // namespace switchboard
