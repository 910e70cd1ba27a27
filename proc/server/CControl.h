#pragma once

#include <chrono>
#include <string>

#include "misc/config/CConfigSchema.h"
#include "proc/start/CCommandLine.h"
#include "proc/start/CRunningServer.h"

namespace switchboard {

// The orders of the command line that start no server: about the configuration, or to a server that runs already.
// What needs only the running server works whatever the configuration on the disk is like.
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
  // Throws when none runs, or when it is another program's.
  CRunningServer FindServer() const;
  std::string PidFile() const;
  // Of an upgrade under way, the binary that was there before.
  void StopOlderBinary(int number) const;
  int AwaitEnd(const CRunningServer& server, std::chrono::milliseconds patience) const;
  int AwaitOutcome(const CRunningServer& server, int signal) const;

  const SCommandLine& m_commandLine;
  const CConfigSchema& m_schema;
};

}  // namespace switchboard
