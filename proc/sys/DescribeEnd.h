#pragma once

#include <string>

namespace switchboard {

// A status of waitpid(2) of a process that has ended, as messages tell it: "exited with code 1", "was killed by SIGSEGV
// (core dumped)".
std::string DescribeEnd(int status);

}  // namespace switchboard
