#pragma once

#include <cstdint>

#include "net/config/CConfig.h"
#include "proc/start/SPreflight.h"

namespace switchboard {

// What the machine allows the server. 0: unknown, and not checked.
struct SMachine {
  uint64_t memoryBytes = 0;  // physical, or the control group's limit
  uint64_t descriptors = 0;  // hard limit of each process
  uint32_t somaxconn = 0;
  uint32_t cores = 0;  // that the server may use
};

// The arithmetic on a configuration before a server starts with it: what its keys ask for together, against what the
// machine has.
// Threads: any.
class CPreflight {
 public:
  static SPreflight Check(const SConfig& config, const SMachine& machine);
  static SMachine ThisMachine();
};

}  // namespace switchboard
