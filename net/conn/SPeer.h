#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace switchboard {

// The listening side's view of a peer. IPv4 peers are kept as IPv4-mapped IPv6.
struct SPeer {
  in6_addr address{};
  uint16_t port = 0;

  static SPeer From(const sockaddr_storage& address);
  // "192.0.2.1:4711" or "[2001:db8::1]:4711"
  std::string ToString() const;
};

}  // namespace switchboard
