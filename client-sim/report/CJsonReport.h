#pragma once

#include <string>

#include "client-sim/report/RunReport.h"

namespace switchboard::sim {

// A run as JSON, after docs/stress-client.schema.json. A field that is missing on reading has its default; unknown ones
// are passed over, so that a newer file of the same version can be read.
// Threads: any; stateless.
class CJsonReport {
 public:
  // Grows when a reader of the old format would be wrong.
  static constexpr int kVersion = 1;
  static constexpr const char* kFormat = "switchboard client-sim run";

  static std::string Text(const SRunReport& report);
  // Throws std::runtime_error for what is no such report, or one of another version.
  static SRunReport Read(const std::string& text);
  // The same of a file, which also gives the label if the run has none. Throws std::runtime_error and
  // std::system_error.
  static SRunReport ReadFile(const std::string& path);
};

}  // namespace switchboard::sim
