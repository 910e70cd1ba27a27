#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"

namespace switchboard {

// Waits for descriptors to become readable, up to a deadline.
// Threads: one.
class CWaiter {
 public:
  // Throws std::system_error, as does Add.
  CWaiter();

  // Readable when something is, so that one waiter can wait for another.
  int Fd() const { return m_epoll.Get(); }

  // Waits for `fd` too, from now on; `key` names it in the answers of Wait. The caller keeps the descriptor, and
  // removes it before closing it.
  void Add(int fd, uint64_t key);
  void Remove(int fd);

  // The keys of what is readable or at its end; empty when the deadline passed or a signal came in between.
  std::vector<uint64_t> Wait(std::optional<MonotonicTime> deadline = std::nullopt);

 private:
  CFd m_epoll;
};

}  // namespace switchboard
