#include "proc/master/CMasterLog.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace switchboard {

void CMasterLog::Probe(const SLogConfig& config) const {
  const CLog probe(config.file, config.level);
  Give(config);
}

void CMasterLog::Follow(const SLogConfig& config) const {
  m_log.SetLevel(config.level);
  try {
    m_log.SetFile(config.file);
  } catch (const std::system_error& error) {
    m_log.Error("the master goes on with the old log: {}", error.what());
  }
}

bool CMasterLog::Reopen(const SLogConfig& config) const {
  if (!m_log.Reopen()) {
    const std::string why = std::generic_category().message(errno);
    m_log.Error("the log {} cannot be reopened: {}; going on with the old file", config.file, why);
    return false;
  }
  try {
    Give(config);
  } catch (const std::system_error& error) {
    m_log.Error("the log cannot be given to the workers: {}", error.what());
  }
  return true;
}

void CMasterLog::Give(const SLogConfig& config) const {
  if (!config.IsOnStderr()) m_privileges.GiveFile(config.file);
}

}  // namespace switchboard
