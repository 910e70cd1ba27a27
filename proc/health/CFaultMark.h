#pragma once

#include <atomic>
#include <cstdint>

namespace switchboard {

// Leaves a mark in the scoreboard of which thread of the worker a fatal signal hits: of the packets at hand then, the
// one of that thread is to blame. The signal goes on to do what it would have done, core included.
// Threads: Install by the worker's main thread, before there are others; the signal by any.
class CFaultMark {
 public:
  // From now on, for SEGV, BUS, FPE, ILL, ABRT, TRAP and SYS; one that has a handler already (a sanitizer's, a crash
  // reporter's) stays as it is. `faultThread` outlives the process.
  static void Install(std::atomic<uint64_t>& faultThread);
};

}  // namespace switchboard
