#pragma once

#include <string>

#include "misc/CLog.h"
#include "net/wire/Counters.h"
#include "proc/sys/CNotify.h"

namespace switchboard {

// Says how the operator's orders went: to the service manager, and to the command that waits for it (`-s reload`).
// Threads: one, the master's.
class CBulletin {
 public:
  // References outlive the object.
  CBulletin(CLog& log, CScoreboard& scoreboard, CNotify& notify)
      : m_log(log), m_scoreboard(scoreboard), m_notify(notify) {}

  // Each begun reload ends once; `text` is one line.
  void BeginReload();
  void EndReload(bool isDone, const std::string& text);
  // Of one that doesn't even begin; is logged.
  void RefuseReload(const std::string& text);

  void BeginUpgrade() { m_scoreboard.Upgrades().Begin(); }
  void EndUpgrade(bool isDone, const std::string& text);

 private:
  CLog& m_log;
  CScoreboard& m_scoreboard;
  CNotify& m_notify;
};

}  // namespace switchboard
