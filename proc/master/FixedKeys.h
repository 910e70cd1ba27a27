#pragma once

#include <string>
#include <vector>

#include "net/config/CConfig.h"

namespace switchboard {

// A reload can't change everything: puts the values of `running` back into `fresh` where the server would have to be
// started again, and returns the names of the keys whose new value is thereby ignored.
std::vector<std::string> KeepFixedKeys(const SConfig& running, SConfig& fresh);

}  // namespace switchboard
