#pragma once

#include "proc/start/CCommandLine.h"

namespace switchboard {

// The orders of the command line that start no server: about the configuration, or to a server that runs already.
// Threads: one.
class CControl {
 public:
  explicit CControl(const SCommandLine& commandLine) : m_commandLine(commandLine) {}

  // Each returns the exit code of the process, or throws std::exception with one line.
  int TestConfig() const;
  int Signal() const;
  int PrintStatus() const;

 private:
  const SCommandLine& m_commandLine;
};

}  // namespace switchboard
