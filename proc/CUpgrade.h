#pragma once

#include <sys/types.h>

#include <string>

#include "misc/CFd.h"
#include "proc/CListenerStore.h"
#include "proc/SProgramStart.h"

namespace switchboard {

// The new binary beside a running server: starts it with the listening sockets inherited, and hears whether it serves.
//
// The new master is a child of the old one. It gets the sockets by their numbers, which the environment tells, and
// reports into a pipe, as a daemon reports to its terminal; CInheritance is its side of this.
// Threads: one, the master's.
class CUpgrade {
 public:
  explicit CUpgrade(const SProgramStart& program) : m_program(program) {}

  // Forks; whether the program can be executed at all is heard later. Throws std::system_error.
  void Start(const CListenerStore& listeners);

  bool IsRunning() const { return m_pid != 0; }
  bool IsReady() const { return m_isReady; }
  // Of the new master; 0 when none runs.
  pid_t Pid() const { return m_pid; }
  // Readable when there is something to hear; -1 when the pipe is closed.
  int Fd() const { return m_pipe.Get(); }
  // Returns false at the end of the pipe.
  bool Hear();
  // What the new binary said about its failure, one line; empty when it said nothing.
  std::string Failure() const;
  // Its process has ended.
  void NoteEnd();

  // Closes the pipe: after its end, and in a forked worker.
  void Forget() { m_pipe.Reset(); }

 private:
  [[noreturn]] void Become(const CListenerStore& listeners, CFd verdict) const noexcept;

  const SProgramStart& m_program;
  pid_t m_pid = 0;
  CFd m_pipe;
  std::string m_heard;
  bool m_isReady = false;
};

}  // namespace switchboard
