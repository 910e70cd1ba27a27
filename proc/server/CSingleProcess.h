#pragma once

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/wire/Counters.h"
#include "proc/sys/CPrivileges.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"
#include "proc/worker/LogicFactory.h"

namespace switchboard {

// What a server in one process needs from outside; all references outlive it.
struct SSingleProcessDeps {
  const SConfig& config;
  CLog& log;
  const CClock& clock;
  const CPrivileges& privileges;
  CListenerStore& listeners;
  CScoreboard& scoreboard;
  CProcessNumbers& numbers;
  const LogicFactory& factory;
  const CSandboxWishes& wishes;
};

// A server whose one worker runs in the process that was started (--single-process), for a debugger. There is nobody to
// replace it, to watch it, or to start the next generation: what asks for that is answered with a line in the log.
// Threads: one, the first of its process.
class CSingleProcess {
 public:
  explicit CSingleProcess(const SSingleProcessDeps& deps) : m_deps(deps) {}

  // Serves until a signal stops it (TERM and INT at once, QUIT after everything is answered). Returns the exit code of
  // the process. Throws std::exception with one line when it can't start.
  int Run();

 private:
  // As one process can have it: nobody to share sockets with, and nobody who accepts for it.
  SConfig Simplify() const;
  void Refuse(int signal) const;

  const SSingleProcessDeps m_deps;
};

}  // namespace switchboard
