#pragma once

#include <cstdint>

namespace switchboard {

// How many processors this process may run on (its affinity, as taskset and containers set it); at least 1.
uint32_t UsableCores();

}  // namespace switchboard
