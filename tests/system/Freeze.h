#pragma once

#include <signal.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/Eventually.h"
#include "tests/system/Processes.h"

namespace switchboard {

// Whether no thread of the process runs, because of a SIGSTOP.
inline bool IsFrozen(pid_t pid) {
  std::error_code error;
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (std::filesystem::directory_iterator at(tasks, error), end; !error && at != end; at.increment(error)) {
    const std::string stat = ReadFile(at->path() / "stat");
    const size_t nameEnd = stat.rfind(')');
    if (nameEnd == std::string::npos || stat.substr(nameEnd, 3) != ") T") return false;
  }
  return !error;
}

// Stops these processes; on return none of their threads does anything any more.
inline bool Freeze(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) kill(pid, SIGSTOP);
  for (const pid_t pid : pids) {
    if (!Eventually([pid] { return IsFrozen(pid); })) return false;
  }
  return true;
}

inline void Thaw(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) kill(pid, SIGCONT);
}

}  // namespace switchboard
