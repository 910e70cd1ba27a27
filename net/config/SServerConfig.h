#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "misc/ProgramName.h"

namespace switchboard {

class CConfigSchema;

// Workers that come and go with the load: server.workers as a table.
struct SDynamicWorkers {
  uint32_t min = 1;
  uint32_t max = 1;
  double load = 0.7;  // of a core that sb-io of a worker may use, on average, before there is one worker more

  bool operator==(const SDynamicWorkers&) const = default;
};

// Of the workers: as far as the kernel has its parts; none; or all of them, or no start.
enum class ESandbox : uint8_t { kAuto, kOff, kStrict };

// [server]: the processes.
struct SServerConfig {
  bool daemon = true;
  uint32_t workers = 1;  // at the start; "auto" is resolved to the number of usable cores
  std::string user;      // empty: stay who started the server
  std::string pid_file = ProgramName() + ".pid";
  std::string working_directory = ".";
  std::chrono::milliseconds shutdown_timeout{10000};
  std::chrono::milliseconds watchdog{30000};
  std::chrono::milliseconds start_timeout{60000};
  bool quarantine = true;
  ESandbox sandbox = ESandbox::kAuto;
  std::optional<SDynamicWorkers> dynamic_workers = std::nullopt;  // none: always `workers`

  static void Describe(CConfigSchema& schema);
  bool operator==(const SServerConfig&) const = default;
};

}  // namespace switchboard
