#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "misc/file/CFd.h"

namespace switchboard::bench {

// The command line of the echo servers of this folder: `--port N`, where 0 is any free one.
inline uint16_t PortArgument(int argc, char** argv) {
  uint16_t port = 0;
  if (argc == 3 && std::string_view(argv[1]) == "--port") {
    const std::string_view text = argv[2];
    const auto [p_end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error == std::errc{} && p_end == text.data() + text.size()) return port;
  }
  throw std::invalid_argument("usage: --port N");
}

inline sockaddr_in LoopbackAddress(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The first line of their output, which tells compare.sh that they listen.
inline void TellPort(uint16_t port) {
  std::printf("%u\n", port);
  std::fflush(stdout);
}

// A blocking connection to a port of 127.0.0.1, with TCP_NODELAY. Throws std::system_error.
inline CFd ConnectTo(uint16_t port) {
  CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = LoopbackAddress(port);
  const int on = 1;
  if (!fd.IsValid() || ::connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::setsockopt(fd.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
    throw std::system_error(errno, std::generic_category(), "connect to 127.0.0.1:" + std::to_string(port));
  }
  return fd;
}

}  // namespace switchboard::bench
