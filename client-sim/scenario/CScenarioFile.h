#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client-sim/message/CMessageFactory.h"
#include "client-sim/scenario/CScenario.h"
#include "client-sim/scenario/CTomlReader.h"

namespace switchboard::sim {

// Reads a scenario; its form is on the man page.
// Threads: one.
class CScenarioFile {
 public:
  // Throws CScenarioError, and what the factory's registrar throws. Classes without a depth have `depth`. The
  // factory's pattern outlives the scenario.
  static CScenario Read(const std::string& path, uint32_t depth, CMessageFactory& factory);
  // The same of a text; `path` stands in complaints, and files that the scenario names are looked for beside it.
  static CScenario Parse(std::string_view text, const std::string& path, uint32_t depth, CMessageFactory& factory);
};

}  // namespace switchboard::sim
