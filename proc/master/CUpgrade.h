#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "misc/CLog.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"
#include "proc/start/CRunFiles.h"
#include "proc/sys/SProgramStart.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"

namespace switchboard {

// The new binary beside a running server: starts it with the listening sockets inherited, and hears whether it serves.
//
// The new master is a child of the old one. It gets the sockets, and the count of the workers, by their descriptors,
// which the environment tells, and reports into a pipe, as a daemon reports to its terminal; CInheritance is its side
// of this.
// Threads: one, the master's.
class CUpgrade {
 public:
  // References outlive the object.
  CUpgrade(const SProgramStart& program, CRunFiles& files, CLog& log)
      : m_program(program), m_files(files), m_log(log) {}

  // Leaves the names of the run files to the new binary, and forks; whether the program can be executed at all is heard
  // later. Returns false when it fails, which it logs, as everything here.
  // What isn't ready by `deadline` is for HandleDeadline; nullopt: any time.
  bool Start(const CListenerStore& listeners, const CProcessNumbers& numbers, std::optional<MonotonicTime> deadline);

  bool IsRunning() const { return m_pid != 0; }
  bool IsReady() const { return m_isReady; }
  // What was logged last about it, one line.
  const std::string& LastWords() const { return m_lastWords; }
  // Started, and neither serves nor has failed yet.
  bool IsPending() const { return IsRunning() && !m_isReady; }
  std::optional<MonotonicTime> Deadline() const {
    return IsPending() && m_whyKilled.empty() ? m_deadline : std::nullopt;
  }
  // Kills a new binary that isn't ready at its deadline; HandleEnd follows.
  void HandleDeadline(MonotonicTime now);
  // This binary ends at once: a new one that hasn't even got its pid file is killed, as no order would ever reach it.
  void KillIfNameless();
  // Of the new master; 0 when none runs.
  pid_t Pid() const { return m_pid; }
  // Readable when there is something to hear; -1 when the pipe is closed.
  int Fd() const { return m_pipe.Get(); }
  // Returns false at the end of the pipe.
  bool Hear();
  // After its end, and in a forked worker.
  void ClosePipe() { m_pipe.Reset(); }
  // The new master's process has ended with a `status` of waitpid(2), all was heard: the run files get their names
  // back. `goesOn`: this binary serves on.
  void HandleEnd(int status, bool goesOn);

 private:
  void Fork(const CListenerStore& listeners, const CProcessNumbers& numbers);
  [[noreturn]] void Become(const CListenerStore& listeners, const CProcessNumbers& numbers, CFd verdict) const noexcept;

  // What the new binary said about its failure, one line; empty when it said nothing.
  std::string Failure() const;
  void TakeNamesBack();
  void Kill(const char* p_why);

  const SProgramStart& m_program;
  CRunFiles& m_files;
  CLog& m_log;
  pid_t m_pid = 0;
  CFd m_pipe;
  std::string m_heard;
  std::string m_lastWords;
  std::string m_whyKilled;  // by this binary; empty: it wasn't
  std::optional<MonotonicTime> m_deadline;
  bool m_isReady = false;
};

}  // namespace switchboard
