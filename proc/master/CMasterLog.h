#pragma once

#include "misc/CLog.h"
#include "net/config/CConfig.h"
#include "proc/sys/CPrivileges.h"

namespace switchboard {

// Keeps the log of a master where its configuration wants it, and writable for the workers.
// Threads: one, the master's.
class CMasterLog {
 public:
  // References outlive the object.
  CMasterLog(CLog& log, const CPrivileges& privileges) : m_log(log), m_privileges(privileges) {}

  // Whether workers could write to it. Throws std::system_error when not.
  void Probe(const SLogConfig& config) const;
  // From now on the master logs as configured, or as before when that can't be.
  void Follow(const SLogConfig& config) const;
  // After the file was moved away. Returns false when the old file stays.
  bool Reopen(const SLogConfig& config) const;

 private:
  // Throws std::system_error.
  void Give(const SLogConfig& config) const;

  CLog& m_log;
  const CPrivileges& m_privileges;
};

}  // namespace switchboard
