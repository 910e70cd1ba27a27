#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace switchboard {

// What the command line asks for.
enum class EAction : uint8_t { kRun, kTest, kSignal, kStatus, kVersion, kHelp, kHelpConfig };

// What `-s` tells a running server.
enum class EOrder : uint8_t { kStop, kQuit, kReload, kReopen, kUpgrade };

struct SCommandLine {
  EAction action = EAction::kRun;
  EOrder order = EOrder::kStop;  // of kSignal
  bool isForeground = false;
  bool isSingleProcess = false;
  bool isNoWait = false;               // of kSignal
  bool isForAll = false;               // of kSignal: to both binaries of an upgrade
  std::string directory;               // where the command was given; absolute
  std::string configFile;              // empty: built-in defaults
  std::vector<std::string> overrides;  // KEY=VALUE, in the order given
  std::string help;                    // of kHelp
};

// A command line that can't be understood; what() is one line.
class CUsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The command line of the server.
class CCommandLine {
 public:
  // The configuration that is read when there is no -c and this file exists.
  static constexpr const char* kDefaultConfigFile = "conf/switchboard.toml";

  // Throws CUsageError.
  static SCommandLine Parse(int argc, const char* const* p_argv);
};

}  // namespace switchboard
