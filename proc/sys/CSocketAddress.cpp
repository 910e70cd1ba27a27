#include "proc/sys/CSocketAddress.h"

#include <netdb.h>

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

std::string CSocketAddress::ToString() const {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  getnameinfo(Data(), m_size, host.data(), host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
  const std::string name = host.data();
  return (Family() == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

}  // namespace switchboard
