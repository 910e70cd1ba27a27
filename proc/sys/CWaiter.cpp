#include "proc/sys/CWaiter.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace switchboard {

namespace {

// Rounded up, so that the deadline has passed when epoll_wait comes back without an event.
int TimeoutMs(std::optional<MonotonicTime> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1000 * 3600));
}

}  // namespace

CWaiter::CWaiter() : m_epoll(epoll_create1(EPOLL_CLOEXEC)) {
  if (!m_epoll.IsValid()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

void CWaiter::Add(int fd, uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (epoll_ctl(m_epoll.Get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void CWaiter::Remove(int fd) { epoll_ctl(m_epoll.Get(), EPOLL_CTL_DEL, fd, nullptr); }

std::vector<uint64_t> CWaiter::Wait(std::optional<MonotonicTime> deadline) {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(m_epoll.Get(), events.data(), static_cast<int>(events.size()), TimeoutMs(deadline));
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
  std::vector<uint64_t> keys;
  for (int i = 0; i < count; ++i) keys.push_back(events[static_cast<size_t>(i)].data.u64);
  return keys;
}

}  // namespace switchboard
