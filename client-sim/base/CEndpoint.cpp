#include "client-sim/base/CEndpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace switchboard::sim {

CEndpoint::CEndpoint(const std::string& text, const std::vector<std::string>& sources) : m_text(text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) {
    throw std::invalid_argument(fmt::format("'{}' is not HOST:PORT", text));
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const char* p_port = text.c_str() + colon + 1;
  // Checked here, as getaddrinfo takes 65536 for 0.
  uint16_t port = 0;
  const char* p_end = text.c_str() + text.size();
  if (const auto [p_rest, error] = std::from_chars(p_port, p_end, port); error != std::errc{} || p_rest != p_end) {
    throw std::invalid_argument(fmt::format("'{}': a port is a number of 0 to 65535", text));
  }
  m_servers = LookUp(host, p_port, text);
  for (const std::string& source : sources) m_sources.push_back(LookUp(source, "0", source).front());
}

std::vector<CEndpoint::SAddress> CEndpoint::LookUp(const std::string& host, const char* p_port,
                                                   const std::string& text) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* p_found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), p_port, &hints, &p_found);
  if (error != 0) throw std::invalid_argument(fmt::format("'{}': {}", text, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> p_owner(p_found, &::freeaddrinfo);
  std::vector<SAddress> addresses;
  for (const addrinfo* p_one = p_found; p_one != nullptr; p_one = p_one->ai_next) {
    SAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, p_one->ai_addr, p_one->ai_addrlen);
    address.length = p_one->ai_addrlen;
  }
  return addresses;
}

bool CEndpoint::IsLoopback() const {
  return std::all_of(m_servers.begin(), m_servers.end(),
                     [](const SAddress& server) { return IsLoopback(server.storage); });
}

bool CEndpoint::IsLoopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address, sizeof(ipv4));
    return (ntohl(ipv4.sin_addr.s_addr) >> 24) == 127;
  }
  sockaddr_in6 ipv6{};
  std::memcpy(&ipv6, &address, sizeof(ipv6));
  return address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr);
}

int CEndpoint::Connect(int flags, CFd& socket, size_t address, size_t source) const {
  const SAddress& server = m_servers[address % m_servers.size()];
  socket.Reset(::socket(server.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket.IsValid()) return errno;
  const int yes = 1;
  ::setsockopt(socket.Get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  int error = m_sources.empty() ? 0 : BindTo(socket.Get(), server, source);
  if (error == 0 && ::connect(socket.Get(), reinterpret_cast<const sockaddr*>(&server.storage), server.length) != 0) {
    error = errno;
  }
  if (error != 0 && error != EINPROGRESS) socket.Reset();
  return error;
}

int CEndpoint::BindTo(int socket, const SAddress& server, size_t source) const {
  const SAddress& own = m_sources[source % m_sources.size()];
  if (own.storage.ss_family != server.storage.ss_family) return EAFNOSUPPORT;
  // The port is chosen by connect, which knows the whole 4-tuple: so each source has all ports for each server.
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&own.storage), own.length) == 0 ? 0 : errno;
}

int CEndpoint::ConnectErrorOf(const CFd& socket) {
  int error = 0;
  socklen_t length = sizeof(error);
  return ::getsockopt(socket.Get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

CFd CEndpoint::Listen() const {
  const SAddress& own = m_servers.front();
  CFd socket(::socket(own.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  if (!socket.IsValid() || ::setsockopt(socket.Get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      ::bind(socket.Get(), reinterpret_cast<const sockaddr*>(&own.storage), own.length) != 0 ||
      ::listen(socket.Get(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot listen on " + m_text);
  }
  return socket;
}

std::string CEndpoint::LocalTextOf(const CFd& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  ::getsockname(socket.Get(), reinterpret_cast<sockaddr*>(&address), &length);
  char host[NI_MAXHOST] = "?";
  char port[NI_MAXSERV] = "?";
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
  return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace switchboard::sim
