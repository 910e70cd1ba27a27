#pragma once

#include <cstdint>

namespace switchboard {

// Names a timer; 0 names none.
using TimerId = uint64_t;

}  // namespace switchboard
