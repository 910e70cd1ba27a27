#include "net/conn/SPeer.h"

#include <arpa/inet.h>

#include <cstring>

namespace switchboard {

SPeer SPeer::From(const sockaddr_storage& address) {
  SPeer peer;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    peer.address.s6_addr[10] = peer.address.s6_addr[11] = 0xff;
    std::memcpy(&peer.address.s6_addr[12], &v4.sin_addr, sizeof(v4.sin_addr));
    peer.port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    peer.address = v6.sin6_addr;
    peer.port = ntohs(v6.sin6_port);
  }
  return peer;
}

std::string SPeer::ToString() const {
  char text[INET6_ADDRSTRLEN];
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof(text));
    return std::string(text) + ':' + std::to_string(port);
  }
  inet_ntop(AF_INET6, &address, text, sizeof(text));
  return '[' + std::string(text) + "]:" + std::to_string(port);
}

}  // namespace switchboard
