#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "misc/file/CFd.h"
#include "tests/support/Eventually.h"

namespace switchboard {

class CSlowDisk;

struct SProgramOptions {
  std::filesystem::path workingDirectory;
  uint32_t descriptors = 0;     // hard limit; 0: as it is
  bool isUnprivileged = false;  // a root without the right to write where it may not
  bool hasLandlock = true;      // false: as on a kernel without it
  int activated = -1;           // a socket for it, as a service manager passes one; -1: none
  CSlowDisk* p_disk = nullptr;  // that its files lie on, and those of its children; none: they answer at once
};

// One of our programs as a child process; what it prints goes to files. Its end is waited for at the latest by the
// destructor, which kills it.
// Threads: one.
class CProgram {
 public:
  // Starts `name` from the folder that the environment names in SWITCHBOARD_BIN_DIR. Throws std::runtime_error.
  CProgram(const std::string& name, const std::vector<std::string>& arguments, const SProgramOptions& options);
  ~CProgram();
  CProgram(const CProgram&) = delete;
  CProgram& operator=(const CProgram&) = delete;

  pid_t Pid() const { return m_pid; }
  bool HasEnded() { return Wait(std::chrono::milliseconds{0}).has_value(); }
  // The exit code, or 128 + the signal that killed it; nullopt when it still runs after `patience`.
  std::optional<int> Wait(std::chrono::milliseconds patience = kPatience);
  void Signal(int number) const;
  std::string Output() const;
  std::string Errors() const;

 private:
  std::filesystem::path m_output;
  std::filesystem::path m_errors;
  pid_t m_pid = -1;
  CFd m_process;  // readable when it has ended
  std::optional<int> m_exitCode;
};

}  // namespace switchboard
