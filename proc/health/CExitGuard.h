#pragma once

#include "misc/CLog.h"

namespace switchboard {

// Turns a call of exit(3) in a worker into an abort while it lives: the destructors of statics would run beside threads
// that go on, and the process would end as if all were accounted for. So whoever called it is found like a crash.
// Threads: the worker's main thread; exit is caught in any.
class CExitGuard {
 public:
  // `log` outlives it. One at a time.
  explicit CExitGuard(CLog& log);
  ~CExitGuard();
  CExitGuard(const CExitGuard&) = delete;
  CExitGuard& operator=(const CExitGuard&) = delete;
};

}  // namespace switchboard
