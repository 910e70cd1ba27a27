// bare-echo --port N: the yardstick of compare.sh, a single-threaded epoll echo of packets on 127.0.0.1 that does what
// every server of the format has to do, and nothing else: no limits, timeouts, counters, log or second thread.
// Port 0 is any free one; the port is the first line of its output.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <system_error>
#include <vector>

#include "bench/EchoFrames.h"
#include "bench/Loopback.h"
#include "misc/file/CFd.h"

namespace switchboard::bench {
namespace {

constexpr size_t kBufferBytes = 128 * 1024;
constexpr size_t kEvents = 512;

int Check(int result, const char* p_what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), p_what);
  return result;
}

struct SPeer {
  CFd fd;
  std::vector<std::byte> partial;  // the started frame at the end of the last read
  std::vector<std::byte> unsent;   // what the socket didn't take; while there is any, nothing is read
};

// The echo server. Threads: one.
class CBareEcho {
 public:
  explicit CBareEcho(uint16_t port) : m_epoll(Check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    m_listener.Reset(Check(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    const int on = 1;
    ::setsockopt(m_listener.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address = LoopbackAddress(port);
    socklen_t size = sizeof(address);
    auto* p_address = reinterpret_cast<sockaddr*>(&address);
    Check(::bind(m_listener.Get(), p_address, size), "bind");
    Check(::listen(m_listener.Get(), 4096), "listen");
    Check(::getsockname(m_listener.Get(), p_address, &size), "getsockname");
    Watch(EPOLL_CTL_ADD, m_listener, EPOLLIN, nullptr);
    TellPort(ntohs(address.sin_port));
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, kEvents> events;
    for (;;) {
      const int count = ::epoll_wait(m_epoll.Get(), events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        auto* p_peer = static_cast<SPeer*>(events[static_cast<size_t>(i)].data.ptr);
        if (p_peer == nullptr) {
          Accept();
        } else if (!p_peer->unsent.empty()) {
          Drain(*p_peer);
        } else {
          Receive(*p_peer);
        }
      }
    }
  }

 private:
  void Watch(int operation, const CFd& fd, uint32_t wanted, SPeer* p_peer) {
    epoll_event event{};
    event.events = wanted;
    event.data.ptr = p_peer;
    Check(::epoll_ctl(m_epoll.Get(), operation, fd.Get(), &event), "epoll_ctl");
  }

  void Accept() {
    CFd fd(::accept4(m_listener.Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.IsValid()) return;
    const int on = 1;
    ::setsockopt(fd.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto p_peer = std::make_unique<SPeer>();
    p_peer->fd = std::move(fd);
    SPeer* p_raw = p_peer.release();  // its epoll entry owns it, until Close
    Watch(EPOLL_CTL_ADD, p_raw->fd, EPOLLIN, p_raw);
  }

  void Receive(SPeer& peer) {
    const size_t kept = peer.partial.size();
    if (kept != 0) {
      std::memcpy(m_buffer.data(), peer.partial.data(), kept);
      peer.partial.clear();
    }
    const ssize_t n = ::recv(peer.fd.Get(), m_buffer.data() + kept, m_buffer.size() - kept, 0);
    if (n <= 0) return Close(peer);
    const std::span<std::byte> input(m_buffer.data(), kept + static_cast<size_t>(n));
    const SEchoedFrames echoed = EchoFrames(input);
    if (echoed.isBad) return Close(peer);
    const std::span<std::byte> tail = input.subspan(echoed.bytes);
    if (!tail.empty()) peer.partial.assign(tail.begin(), tail.end());
    if (echoed.bytes != 0) Send(peer, input.first(echoed.bytes));
  }

  void Send(SPeer& peer, std::span<const std::byte> bytes) {
    const ssize_t n = ::send(peer.fd.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return Close(peer);
    const std::span<const std::byte> rest = bytes.subspan(n < 0 ? 0 : static_cast<size_t>(n));
    if (rest.empty()) return;
    peer.unsent.assign(rest.begin(), rest.end());
    Watch(EPOLL_CTL_MOD, peer.fd, EPOLLOUT, &peer);
  }

  void Drain(SPeer& peer) {
    const ssize_t n = ::send(peer.fd.Get(), peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return Close(peer);
    if (n > 0) peer.unsent.erase(peer.unsent.begin(), peer.unsent.begin() + n);
    if (peer.unsent.empty()) Watch(EPOLL_CTL_MOD, peer.fd, EPOLLIN, &peer);
  }

  void Close(SPeer& peer) { const std::unique_ptr<SPeer> p_gone(&peer); }

  CFd m_epoll;
  CFd m_listener;
  std::vector<std::byte> m_buffer = std::vector<std::byte>(kBufferBytes);
};

}  // namespace
}  // namespace switchboard::bench

int main(int argc, char** argv) try {
  switchboard::bench::CBareEcho(switchboard::bench::PortArgument(argc, argv)).Run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "bare-echo: %s\n", error.what());
  return 1;
}
