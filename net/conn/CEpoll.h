#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <optional>
#include <span>

#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"

namespace switchboard {

// A level-triggered epoll set whose entries carry a 64-bit key.
// Threads: the owner's.
class CEpoll {
 public:
  // Throws std::system_error.
  CEpoll();

  // Each returns false, with errno set, when the kernel refuses.
  bool Add(int fd, uint32_t events, uint64_t key);
  bool Modify(int fd, uint32_t events, uint64_t key);
  bool Remove(int fd);
  // Whether a wait would end at once. Threads: any.
  bool HasEvents() const;
  // Waits until something is ready or the deadline passed (no deadline: for ever); returns the filled part of `events`.
  std::span<epoll_event> Wait(std::span<epoll_event> events, std::optional<MonotonicTime> deadline, MonotonicTime now);

 private:
  CFd m_fd;
};

}  // namespace switchboard
