#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace switchboard {

// The address of a peer as the listening side sees it: of a client behind a proxy or a NAT it is
// that one's, which many clients may share. It was kept when the client was accepted: asking for it
// costs no system call.
// Threads: any (a value).
struct SPeer {
  // In network byte order; an IPv4 peer is IPv4-mapped (::ffff:192.0.2.1), whatever family the
  // listener has:
  // so one comparison of 16 bytes does for both, and IN6_IS_ADDR_V4MAPPED tells them apart.
  in6_addr address{};
  // In the byte order of the machine: 4711 is 4711.
  uint16_t port = 0;

  // Of what accept(2) or getpeername(2) gave; one that is neither IPv4 nor IPv6 becomes [::]:0.
  static SPeer From(const sockaddr_storage& address);
  // "192.0.2.1:4711" or "[2001:db8::1]:4711"; the scope of a link-local address isn't kept.
  // No name is looked up.
  std::string ToString() const;
};

}  // namespace switchboard
