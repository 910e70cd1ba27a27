// How people write numbers, times and lists on a command line and in a scenario.
#pragma once

#include <string>
#include <vector>

#include "client-sim/base/Time.h"

namespace switchboard::sim {

// "500ms", "10s", "1.5m", "2h", or a number of seconds. Throws std::invalid_argument.
Nanoseconds Duration(const std::string& text);
// "20000", "20k" or "1.5M": over 0, up to a billion. Throws std::invalid_argument.
double Rate(const std::string& text);
// "a,b,c"; never empty, though its entries may be.
std::vector<std::string> SplitAtCommas(const std::string& text);

}  // namespace switchboard::sim
