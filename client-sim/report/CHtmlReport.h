#pragma once

#include <string>

#include "client-sim/report/RunReport.h"

namespace switchboard::sim {

// Runs as one page each: no script, nothing from outside, so that it opens offline and anywhere.
// Threads: any; stateless.
class CHtmlReport {
 public:
  static std::string Page(const SRunReport& report);
  // Two runs in the same drawings, and their figures side by side.
  static std::string Comparison(const SRunReport& before, const SRunReport& after);
};

}  // namespace switchboard::sim
