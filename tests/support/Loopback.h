#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "misc/file/CFd.h"

namespace switchboard {

// True when this machine has the address ::1. Threads: any.
inline bool HasIPv6() {
  const CFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return probe.IsValid() && ::bind(probe.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace switchboard
