#pragma once

#include <string>
#include <vector>

#include "net/config/CConfig.h"

namespace switchboard {

// What a start with a configuration would meet, beyond the configuration itself. One line each, the key first.
struct SStartProblems {
  std::vector<std::string> fatal;     // the start would fail
  std::vector<std::string> doubtful;  // it would, unless the server is to take over from who is there
  std::vector<std::string> remarks;   // a start would, but not a reload of the server that runs with this pid file
};

// Looks at the folders and files that it would open, and tries its addresses; changes nothing. As the calling user, and
// from `directory`, where the command was given. Threads: any.
SStartProblems FindStartProblems(const SConfig& config, const std::string& directory);

}  // namespace switchboard
