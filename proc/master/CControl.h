#pragma once

#include "misc/config/CConfigSchema.h"
#include "proc/start/CCommandLine.h"

namespace switchboard {

// The orders of the command line that start no server: about the configuration, or to a server that runs already.
// Threads: one.
class CControl {
 public:
  CControl(const SCommandLine& commandLine, const CConfigSchema& schema)
      : m_commandLine(commandLine), m_schema(schema) {}

  // Each returns the exit code of the process, or throws std::exception with one line.
  int TestConfig() const;
  int PrintKeys() const;
  int Signal() const;
  int PrintStatus() const;

 private:
  const SCommandLine& m_commandLine;
  const CConfigSchema& m_schema;
};

}  // namespace switchboard
