// short-clients PORT CLIENTS SECONDS: CLIENTS at a time connect, ask one Ping, reset the connection after the answer,
// and begin anew. Prints "connections=N seconds=S".

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/Loopback.h"
#include "misc/file/CFd.h"
#include "net/conn/CEpoll.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Wire.h"

namespace {

using switchboard::CEpoll;
using switchboard::CFd;
using switchboard::kHeaderBytes;
using Clock = std::chrono::steady_clock;

template <class Number>
Number Parse(const char* p_argument) {
  const std::string_view text = p_argument;
  Number number{};
  const auto [p_end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || p_end != text.data() + text.size()) {
    throw std::invalid_argument("usage: short-clients PORT CLIENTS SECONDS");
  }
  return number;
}

CFd Begin(uint16_t port, CEpoll& epoll, uint64_t key) {
  CFd fd = switchboard::bench::ConnectTo(port);
  // A reset instead of an orderly end: the ports would run out in TIME_WAIT.
  const linger reset{1, 0};
  ::setsockopt(fd.Get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  std::array<std::byte, kHeaderBytes> ping;
  switchboard::CFrameEncoder::WriteFrame(ping.data(), 0, {});
  if (::send(fd.Get(), ping.data(), ping.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(ping.size()) ||
      !epoll.Add(fd.Get(), EPOLLIN, key)) {
    throw std::runtime_error("a Ping can't be sent");
  }
  return fd;
}

void Run(uint16_t port, uint32_t count, double seconds) {
  CEpoll epoll;
  std::vector<CFd> clients;
  for (uint32_t i = 0; i < count; ++i) clients.push_back(Begin(port, epoll, i));
  const Clock::time_point start = Clock::now();
  const Clock::time_point end =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::array<epoll_event, 64> events;
  uint64_t connections = 0;
  Clock::time_point now = start;
  for (; now < end; now = Clock::now()) {
    for (const epoll_event& event : epoll.Wait(events, end, now)) {
      CFd& client = clients[event.data.u64];
      std::array<std::byte, kHeaderBytes> pong;
      if (::recv(client.Get(), pong.data(), pong.size(), MSG_WAITALL) != static_cast<ssize_t>(pong.size())) {
        throw std::runtime_error("a Ping was not answered");
      }
      client.Reset();
      client = Begin(port, epoll, event.data.u64);
      ++connections;
    }
  }
  std::printf("connections=%llu seconds=%.6f\n", static_cast<unsigned long long>(connections),
              std::chrono::duration<double>(now - start).count());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 4) throw std::invalid_argument("usage: short-clients PORT CLIENTS SECONDS");
    Run(Parse<uint16_t>(argv[1]), Parse<uint32_t>(argv[2]), Parse<double>(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "short-clients: %s\n", error.what());
    return 1;
  }
}
