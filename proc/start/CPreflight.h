#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/config/CConfig.h"

namespace switchboard {

// What the machine allows the server. 0: unknown, and not checked.
struct SMachine {
  uint64_t memoryBytes = 0;  // physical, or the control group's limit
  uint64_t descriptors = 0;  // hard limit of each process
  uint32_t somaxconn = 0;
  uint32_t cores = 0;  // that the server may use
};

// A configuration, worked out.
struct SPreflight {
  struct SRow {
    std::string what;
    std::string terms;   // "65,536 × 1.4 KiB"
    std::string result;  // "89.6 MiB"
  };

  std::vector<SRow> table;
  std::vector<std::string> impossible;  // one line each, the key first: the server must not start
  std::vector<std::string> doubtful;    // likewise: it may, but it will not be what was meant

  // The table, and below it what is doubtful; whole lines.
  std::string ToString() const;
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
