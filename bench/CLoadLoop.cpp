#include "bench/CLoadLoop.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <stdexcept>
#include <system_error>

#include "bench/Loopback.h"

namespace switchboard::bench {

namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr size_t kEvents = 512;

[[noreturn]] void Fail(const char* p_what) { throw std::system_error(errno, std::generic_category(), p_what); }

// A closed loop has little in flight, so that the socket takes it all.
void SendAll(const CFd& fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) Fail("send");
      pollfd wanted{fd.Get(), POLLOUT, 0};
      ::poll(&wanted, 1, -1);
      continue;
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

}  // namespace

CLoadLoop::CLoadLoop(const SLoadPlan& plan, CPeerProtocol& protocol)
    : m_plan(plan), m_protocol(protocol), m_epoll(::epoll_create1(EPOLL_CLOEXEC)), m_in(kReadBytes) {
  m_connections.resize(plan.connections);
  for (uint32_t i = 0; i < plan.connections; ++i) {
    SConnection& connection = m_connections[i];
    connection.firstStamp = uint64_t{i} << 40;
    connection.sentAt.resize(plan.depth);
    connection.fd = ConnectTo(plan.port);
    Introduce(connection);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    if (::epoll_ctl(m_epoll.Get(), EPOLL_CTL_ADD, connection.fd.Get(), &event) != 0) Fail("epoll_ctl");
  }
}

void CLoadLoop::Introduce(SConnection& connection) {
  const std::vector<std::byte> hello = m_protocol.Hello();
  if (hello.empty()) return;
  SendAll(connection.fd, hello);
  for (size_t size = 0; m_protocol.WelcomeBytes(std::span(m_in).first(size)) == 0;) {
    const ssize_t n = ::recv(connection.fd.Get(), m_in.data() + size, m_in.size() - size, 0);
    if (n <= 0) throw std::runtime_error("the server hung up during the introduction");
    size += static_cast<size_t>(n);
  }
}

void CLoadLoop::Start() {
  for (SConnection& connection : m_connections) Ask(connection, m_plan.depth, std::chrono::steady_clock::now());
}

void CLoadLoop::RunUntil(MonotonicTime deadline) {
  std::array<epoll_event, kEvents> events;
  MonotonicTime now = std::chrono::steady_clock::now();
  while (now < deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    const int count = ::epoll_wait(m_epoll.Get(), events.data(), kEvents, static_cast<int>(left.count()));
    now = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
      Receive(m_connections[events[static_cast<size_t>(i)].data.u32], now);
      now = std::chrono::steady_clock::now();
    }
  }
}

void CLoadLoop::Reset() { m_latencies = {}; }

void CLoadLoop::Ask(SConnection& connection, uint32_t count, MonotonicTime now) {
  m_out.clear();
  for (uint32_t i = 0; i < count; ++i) {
    connection.sentAt[connection.asked % m_plan.depth] = now;
    m_protocol.Ask(m_out, connection.firstStamp + connection.asked++);
  }
  SendAll(connection.fd, m_out);
}

void CLoadLoop::Receive(SConnection& connection, MonotonicTime now) {
  const size_t kept = connection.partial.size();
  std::copy(connection.partial.begin(), connection.partial.end(), m_in.begin());
  connection.partial.clear();
  const ssize_t n = ::recv(connection.fd.Get(), m_in.data() + kept, m_in.size() - kept, MSG_DONTWAIT);
  if (n == 0) throw std::runtime_error("the server hung up");
  if (n < 0) Fail("recv");
  std::span<const std::byte> input(m_in.data(), kept + static_cast<size_t>(n));
  uint32_t replies = 0;
  while (connection.answered < connection.asked) {
    const size_t bytes = m_protocol.TakeReply(input, connection.firstStamp + connection.answered);
    if (bytes == 0) break;
    const auto latency = now - connection.sentAt[connection.answered++ % m_plan.depth];
    m_latencies.Record(static_cast<uint64_t>(latency.count()));
    input = input.subspan(bytes);
    ++replies;
  }
  if (!input.empty() && connection.answered == connection.asked && !m_protocol.HasUnasked())
    throw CWrongReply("a reply that nobody asked for");
  connection.partial.assign(input.begin(), input.end());
  if (replies != 0) Ask(connection, replies, now);
}

}  // namespace switchboard::bench
