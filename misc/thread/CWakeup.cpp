#include "misc/thread/CWakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace switchboard {

CWakeup::CWakeup() : m_fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!m_fd.IsValid()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void CWakeup::Signal() {
  const uint64_t one = 1;
  while (::write(m_fd.Get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

bool CWakeup::IsSignalled() const {
  pollfd wanted{m_fd.Get(), POLLIN, 0};
  return ::poll(&wanted, 1, 0) > 0;
}

void CWakeup::Clear() {
  uint64_t count;
  iovec into{&count, sizeof(count)};
  // Another process may share it, and have read it before, or have made it blocking.
  while (::preadv2(m_fd.Get(), &into, 1, -1, RWF_NOWAIT) < 0 && errno == EINTR) {
  }
}

void CWakeup::Wait(std::optional<MonotonicTime> deadline, MonotonicTime now) {
  timespec timeout{};
  if (deadline) {
    const auto left = std::max(*deadline - now, MonotonicTime::duration{});
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    timeout = {seconds.count(), (left - seconds).count()};
  }
  pollfd wanted{m_fd.Get(), POLLIN, 0};
  if (::ppoll(&wanted, 1, deadline ? &timeout : nullptr, nullptr) > 0) Clear();
}

}  // namespace switchboard
