#pragma once

#include <optional>

#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"

namespace switchboard {

// An eventfd that ends the epoll or poll wait of one thread.
// Threads: Signal by any, the rest by the thread that waits.
class CWakeup {
 public:
  // Throws std::system_error.
  CWakeup();
  int Fd() const { return m_fd.Get(); }
  void Signal();
  // Whether a signal hasn't been cleared. Threads: any.
  bool IsSignalled() const;
  // Makes Fd unreadable again.
  void Clear();
  // Waits for a signal, and clears it, or for the deadline (none: for ever).
  void Wait(std::optional<MonotonicTime> deadline, MonotonicTime now);

 private:
  CFd m_fd;
};

}  // namespace switchboard
