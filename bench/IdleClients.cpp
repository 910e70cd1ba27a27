// idle-clients PORT N: opens N connections, says "open" when the server has answered a Ping on each, and keeps
// them, silent, until a signal ends it.

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/Loopback.h"
#include "misc/file/CFd.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Wire.h"

namespace {

using switchboard::CFd;
using switchboard::kHeaderBytes;

// Enough handshakes at a time to be quick, and less than a backlog.
constexpr size_t kBatch = 64;

void Ping(const CFd& fd) {
  std::array<std::byte, kHeaderBytes> frame;
  switchboard::CFrameEncoder::WriteFrame(frame.data(), 0, {});
  if (::send(fd.Get(), frame.data(), frame.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(frame.size())) {
    throw std::runtime_error("a Ping can't be sent");
  }
}

void AwaitPing(const CFd& fd) {
  std::array<std::byte, kHeaderBytes> frame;
  if (::recv(fd.Get(), frame.data(), frame.size(), MSG_WAITALL) != static_cast<ssize_t>(frame.size())) {
    throw std::runtime_error("a Ping was not answered");
  }
}

void Run(uint16_t port, size_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);

  std::vector<CFd> clients(count);
  for (size_t begin = 0; begin < count; begin += kBatch) {
    const size_t end = std::min(begin + kBatch, count);
    for (size_t i = begin; i < end; ++i) {
      clients[i] = switchboard::bench::ConnectTo(port);
      Ping(clients[i]);
    }
    for (size_t i = begin; i < end; ++i) AwaitPing(clients[i]);
  }
  std::puts("open");
  std::fflush(stdout);
  ::pause();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) throw std::invalid_argument("usage: idle-clients PORT N");
  Run(static_cast<uint16_t>(std::stoul(argv[1])), std::stoul(argv[2]));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "idle-clients: %s\n", error.what());
  return 1;
}
