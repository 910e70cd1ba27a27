#include "client-sim/base/Epoll.h"

#include <cerrno>
#include <system_error>

namespace switchboard::sim {

CFd OpenEpoll() {
  CFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.IsValid()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return epoll;
}

void Watch(const CFd& epoll, int operation, int fd, uint32_t events, epoll_data_t data) {
  epoll_event event{};
  event.events = events;
  event.data = data;
  if (::epoll_ctl(epoll.Get(), operation, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

const timespec* TimeLeft(uint64_t deadlineNs, uint64_t nowNs, timespec& timeout) {
  if (deadlineNs == UINT64_MAX) return nullptr;
  const uint64_t leftNs = deadlineNs > nowNs ? deadlineNs - nowNs : 0;
  timeout.tv_sec = static_cast<time_t>(leftNs / 1'000'000'000);
  timeout.tv_nsec = static_cast<long>(leftNs % 1'000'000'000);
  return &timeout;
}

}  // namespace switchboard::sim
