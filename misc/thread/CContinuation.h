#pragma once

#include <signal.h>

#include <ctime>

namespace switchboard {

// Tells whether the process was stopped (kill -STOP, a terminal, a debugger) and goes on. SIGCONT does its work whether
// it is blocked or not; blocked, it stays pending until somebody asks, so that nobody can ask too early. It isn't a
// signal that steers the server, which are CSignals'.
// Threads: Keep by the first thread, before there are others; Take by any.
class CContinuation {
 public:
  static void Keep() {
    const sigset_t set = Set();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }
  // True when it goes on since the last call.
  static bool Take() {
    const sigset_t set = Set();
    const timespec none{};
    return sigtimedwait(&set, nullptr, &none) == SIGCONT;
  }

 private:
  static sigset_t Set() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    return set;
  }
};

}  // namespace switchboard
