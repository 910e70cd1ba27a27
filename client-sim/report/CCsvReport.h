#pragma once

#include <string>

#include "client-sim/report/RunReport.h"

namespace switchboard::sim {

// The seconds of a run as comma-separated values, one line each, under a line of names.
// Threads: any; stateless.
class CCsvReport {
 public:
  static std::string Text(const SRunReport& report);
};

}  // namespace switchboard::sim
