#include "net/conn/CEpoll.h"

#include <poll.h>

#include <cerrno>
#include <system_error>

namespace switchboard {

CEpoll::CEpoll() : m_fd(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!m_fd.IsValid()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

bool CEpoll::Add(int fd, uint32_t events, uint64_t key) {
  epoll_event event{events, {.u64 = key}};
  return ::epoll_ctl(m_fd.Get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool CEpoll::Modify(int fd, uint32_t events, uint64_t key) {
  epoll_event event{events, {.u64 = key}};
  return ::epoll_ctl(m_fd.Get(), EPOLL_CTL_MOD, fd, &event) == 0;
}

bool CEpoll::Remove(int fd) { return ::epoll_ctl(m_fd.Get(), EPOLL_CTL_DEL, fd, nullptr) == 0; }

std::span<epoll_event> CEpoll::Wait(std::span<epoll_event> events, std::optional<MonotonicTime> deadline,
                                    MonotonicTime now) {
  int timeoutMs = -1;
  if (deadline) {
    // Rounded up: waking before the deadline would only mean waiting again.
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(std::max(*deadline - now, MonotonicTime::duration{}));
    timeoutMs = static_cast<int>(std::min<int64_t>(left.count(), 3'600'000));
  }
  const int n = ::epoll_wait(m_fd.Get(), events.data(), static_cast<int>(events.size()), timeoutMs);
  // EINTR can't come, the threads block all signals, but it would be harmless: nothing is ready.
  return events.first(n > 0 ? static_cast<size_t>(n) : 0);
}

bool CEpoll::HasEvents() const {
  pollfd wanted{m_fd.Get(), POLLIN, 0};
  return ::poll(&wanted, 1, 0) > 0;
}

}  // namespace switchboard
