#pragma once

#include <stdexcept>
#include <string>

#include "client-sim/CMessageFactory.h"
#include "client-sim/CScenario.h"

namespace switchboard::sim {

// FILE:LINE: what is wrong, and what is allowed.
class CScenarioError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads a scenario; its form is on the man page.
// Threads: one.
class CScenarioFile {
 public:
  // Throws CScenarioError, and what the factory's registrar throws. Classes without a depth have `depth`.
  static CScenario Read(const std::string& path, uint32_t depth, CMessageFactory& factory);
};

}  // namespace switchboard::sim
