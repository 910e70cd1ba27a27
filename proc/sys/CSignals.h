#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "misc/file/CFd.h"

namespace switchboard {

struct SSignal {
  int number = 0;
  pid_t sender = 0;  // 0: the kernel, such as for Ctrl-C
};

// The signals that steer a server process, read from a descriptor instead of handled.
// Threads: one. Make it before any thread exists: threads inherit the mask, so no signal ever interrupts one.
class CSignals {
 public:
  // Blocks TERM, INT, QUIT, HUP, USR1, USR2, WINCH and CHLD in the calling thread for good, gives them their default
  // action (a parent may have left CHLD ignored, and then children can't be waited for), and ignores PIPE
  // and XFSZ.
  // After a fork the child makes its own. Throws std::system_error.
  CSignals();

  int Fd() const { return m_fd.Get(); }
  // The next pending signal; never blocks.
  std::optional<SSignal> Next();

  // "SIGTERM"
  static std::string Name(int number);

 private:
  CFd m_fd;
};

}  // namespace switchboard
