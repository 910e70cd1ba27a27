#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

#include "proc/health/TracedPacket.h"

namespace switchboard {

// The records of packets that were at hand when a worker died, in a folder, each in a file of its own that
// `client-sim replay` plays: switchboard-crash-<time>-<pid>-<thread>.sbr.
// Threads: one.
class CCrashFiles {
 public:
  // The oldest beyond these are removed.
  static constexpr size_t kKept = 16;

  explicit CCrashFiles(std::filesystem::path folder) : m_folder(std::move(folder)) {}

  // Writes the file, for the owner's eyes only, and returns its name. Throws std::system_error, and leaves nothing
  // then.
  std::string Save(const STracedPacket& packet, pid_t pid, std::chrono::system_clock::time_point at) const;

 private:
  void RemoveOldest() const;

  const std::filesystem::path m_folder;
};

}  // namespace switchboard
