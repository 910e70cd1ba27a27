#pragma once

#include <chrono>
#include <optional>
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
  struct SFound {
    CRunningServer server;
    std::string pidFile;  // that it holds
  };
  // As long as the new binary of an upgrade has no pid file, it is the older one, which serves alone. Throws when none
  // runs, or when it is another program's.
  SFound FindServer() const;
  // Of an upgrade under way, the binary that was there before; nullopt when there is none.
  std::optional<SFound> FindOlder() const;
  std::string PidFile() const;
  // Waits for its end; returns false when there is none.
  bool StopOlderBinary(int number) const;
  int AwaitEnd(const CRunningServer& server, std::chrono::milliseconds patience) const;
  int AwaitOutcome(const SFound& found, int signal) const;

  const SCommandLine& m_commandLine;
  const CConfigSchema& m_schema;
};

}  // namespace switchboard
