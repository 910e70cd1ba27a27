#include "proc/sys/CSocketAddress.h"

#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace switchboard {

CSocketAddress::CSocketAddress(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* p_found = nullptr;
  if (host.empty() || getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &p_found) != 0) {
    throw std::runtime_error("\"" + host + "\" is not an IPv4 or IPv6 address");
  }
  std::memcpy(&m_storage, p_found->ai_addr, p_found->ai_addrlen);
  m_size = p_found->ai_addrlen;
  freeaddrinfo(p_found);
}

CSocketAddress CSocketAddress::OfSocket(int fd) {
  CSocketAddress address;
  address.m_size = sizeof(address.m_storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.m_storage), &address.m_size) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockname");
  }
  return address;
}

CSocketAddress CSocketAddress::Of(const sockaddr_storage& storage) {
  CSocketAddress address;
  address.m_storage = storage;
  address.m_size = storage.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  return address;
}

uint16_t CSocketAddress::Port() const {
  const bool isV6 = Family() == AF_INET6;
  return ntohs(isV6 ? reinterpret_cast<const sockaddr_in6*>(&m_storage)->sin6_port
                    : reinterpret_cast<const sockaddr_in*>(&m_storage)->sin_port);
}

bool CSocketAddress::IsWildcard() const { return Host() == (Family() == AF_INET6 ? "::" : "0.0.0.0"); }

bool CSocketAddress::DoesMeet(const CSocketAddress& other) const {
  return Port() == other.Port() && Family() == other.Family() &&
         (IsWildcard() || other.IsWildcard() || HasHostOf(other));
}

std::string CSocketAddress::Host() const {
  std::array<char, NI_MAXHOST> host{};
  getnameinfo(Data(), m_size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return host.data();
}

std::string CSocketAddress::ToString() const {
  return (Family() == AF_INET6 ? "[" + Host() + "]" : Host()) + ":" + std::to_string(Port());
}

}  // namespace switchboard
