#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/wire/Counters.h"
#include "tests/system/CProgram.h"

namespace switchboard {

struct SServerOptions {
  std::string program = "test-server";
  std::vector<std::string> overrides = {};  // KEY=VALUE
  std::vector<std::string> arguments = {};  // further ones
  bool isDaemon = false;
  uint32_t descriptors = 0;     // hard limit of its processes; 0: as it is
  bool hasLandlock = true;      // false: as on a kernel without it
  size_t listeners = 1;         // how many the overrides make of the one that there is
  int activated = -1;           // a listening socket that it gets as from a service manager; -1: none
  CSlowDisk* p_disk = nullptr;  // that its files lie on
};

// A running server with a folder, a configuration and a log of its own, and the view that an operator has of it.
// Threads: one.
class CServerProcess {
 public:
  // Writes the configuration that tests begin with: the foreground, any free port of 127.0.0.1, the folder as working
  // directory. Returns its path.
  static std::filesystem::path WriteConfig(const std::filesystem::path& folder);

  // Starts it, and returns when it listens. Throws std::runtime_error, with what it printed, when it ends instead.
  CServerProcess(std::filesystem::path folder, const SServerOptions& options);
  CServerProcess(const CServerProcess&) = delete;
  CServerProcess& operator=(const CServerProcess&) = delete;

  uint16_t Port(size_t listener = 0) const { return m_ports.at(listener); }
  pid_t MasterPid() const { return m_masterPid; }
  // Of the worker in `slot`, by its title; 0 while there is none.
  pid_t WorkerPid(uint32_t slot = 0) const;
  // Waits until the worker in `slot` is another one than `before` and serves.
  bool WaitForNewWorker(uint32_t slot, pid_t before) const;

  uint64_t Count(ECounter counter) const { return m_p_scoreboard->Sum()[static_cast<size_t>(counter)]; }
  uint64_t Count(ECloseReason reason) const { return Count(CounterOf(reason)); }
  uint64_t Count(ERejectReason reason) const { return Count(CounterOf(reason)); }
  uint64_t Active() const { return m_p_scoreboard->ConnectionsActive(); }
  template <class Counter>
  bool WaitForCount(Counter counter, uint64_t least) const {
    return Eventually([&] { return Count(counter) >= least; });
  }
  // Waits until so many threads of business pools are in handlers of packets.
  bool WaitForHandlers(size_t running) const;
  bool WaitForActive(uint64_t connections) const {
    return Eventually([&] { return Active() == connections; });
  }

  // What it has logged since its start.
  std::string Log() const;
  size_t CountInLog(const std::string& text) const;
  // The lines of the log that hold `text`.
  std::vector<std::string> LogLines(const std::string& text) const;
  bool WaitForLog(const std::string& text, size_t times = 1) const {
    return Eventually([&] { return CountInLog(text) >= times; });
  }
  // What its processes printed: nothing, if all is well.
  std::string Errors() const { return m_p_program->Errors(); }

  void Signal(int number) const;
  // Waits for its end. The exit code; of a daemon, 0. nullopt when it still runs after kPatience.
  std::optional<int> WaitForEnd();
  // Tells it to stop at once, and waits for its end.
  std::optional<int> Stop();
  bool HasEnded() const { return m_exitCode.has_value(); }

  // The line of totals at the end of its log, under the names there; empty when there is none. A counter that isn't
  // named is zero.
  std::map<std::string, uint64_t> Totals() const;
  uint64_t Total(const std::string& name) const;

 private:
  // As far as it has got with its start: true when it listens on all of its listeners.
  bool ReadPorts(size_t listeners);

  const std::filesystem::path m_folder;
  const bool m_isDaemon;
  uintmax_t m_logStart = 0;  // where the log of this start begins
  std::unique_ptr<CProgram> m_p_program;
  pid_t m_masterPid = 0;
  std::vector<uint16_t> m_ports;
  std::unique_ptr<CScoreboard> m_p_scoreboard;
  std::optional<int> m_exitCode;
};

}  // namespace switchboard
