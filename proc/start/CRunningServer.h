#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "misc/file/CFd.h"

namespace switchboard {

// The master of a running server, found through its pid file.
// Threads: one.
class CRunningServer {
 public:
  // Throws std::runtime_error with one line when no live master holds the pid file at `pidFile`; a stale file, left by
  // a crash, counts as none.
  explicit CRunningServer(const std::string& pidFile);

  pid_t Pid() const { return m_pid; }
  // Readable when it has ended.
  int Fd() const { return m_process.Get(); }
  // The name of its program, as the kernel has it (at most 15 characters); empty when it has ended, or when its process
  // is hidden from the caller (proc(5): hidepid).
  std::string Program() const;
  // Whether a signal (SIGSTOP) keeps it from doing anything, orders included; false when that is hidden from the
  // caller.
  bool IsStopped() const;
  // Throws std::system_error, such as for want of permission.
  void Signal(int number) const;
  // Returns false when the master still lives after `timeout`.
  bool WaitForEnd(std::chrono::milliseconds timeout) const;

 private:
  pid_t m_pid = 0;
  // Names this very process, even if its number is given to another one meanwhile.
  CFd m_process;
};

}  // namespace switchboard
