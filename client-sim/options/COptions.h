#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client-sim/base/Time.h"
#include "client-sim/options/CObjective.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is CLI11's
namespace CLI {
class App;
}

namespace switchboard::sim {

// How the program ends.
enum EExitCode : int {
  kExitOk = 0,
  kExitFaults = 1,           // something was lost, duplicated, reordered, wrong or rejected
  kExitUsage = 2,            // bad arguments
  kExitNoConnection = 3,     // could not connect
  kExitObjectiveMissed = 4,  // --slo, --fail-if
  kExitNotPrepared = 5,      // the accounts for the logins could not be registered
};

// One entry of --mix.
struct SMixEntry {
  std::string name;
  uint32_t weight;
};

// Everything that the command line of a run says.
struct SRunOptions {
  std::string server;
  std::vector<std::string> sources;  // addresses to connect from; empty: as the system chooses
  uint32_t connections = 64;         // 0: attackers alone
  uint32_t depth = 1;                // 0: no limit, as an open loop has by default
  uint32_t threads = 1;
  bool isPinned = false;
  std::string scenario;  // a file; empty: the mix
  std::vector<SMixEntry> mix;
  size_t bodyBytes = 56;
  std::string getFile;  // of the message get: its path on the server

  double rate = 0;  // requests/s; 0: closed loop
  bool isPoisson = false;
  Nanoseconds ramp{};
  std::vector<double> steps;  // rates, one phase each
  bool isFindMax = false;     // `rate`, if any, is the first that is tried
  std::vector<CObjective> objectives;

  Nanoseconds warmup{};
  Nanoseconds duration = std::chrono::seconds(10);  // of each phase
  uint64_t requests = 0;                            // after so many in one phase it ends as well; 0: no limit
  Nanoseconds drain = std::chrono::seconds(5);
  Nanoseconds connect = std::chrono::seconds(10);

  bool isReconnecting = false;
  bool isResetExpected = false;
  bool isRejectAllowed = false;  // a Reject that no scenario declares doesn't fail the run

  std::vector<std::string> attacks;  // kinds
  uint32_t attackers = 10;           // of each kind
  bool isTargetMine = false;

  uint32_t seed = 0;
  bool isQuiet = false;
};

// Reads the command line.
// Threads: one.
class COptions {
 public:
  // Adds the options of a run to `app`; both live as long as it parses. After that, Complete.
  static void Declare(CLI::App& app, SRunOptions& options);
  // Fills in what depends on several options. Throws std::invalid_argument for options that don't go together.
  static void Complete(const CLI::App& app, SRunOptions& options);

  // "ping=1,echo=8". Throws std::invalid_argument.
  static std::vector<SMixEntry> Mix(const std::string& text);
};

}  // namespace switchboard::sim
