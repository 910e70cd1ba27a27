#pragma once

#include <string>

namespace switchboard {

// The name that the program was called by, without its folder. First called while the arguments are as they were: a
// process title takes their place.
// Threads: any.
const std::string& ProgramName();

}  // namespace switchboard
