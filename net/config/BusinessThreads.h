#pragma once

#include <string>
#include <vector>

#include "net/config/CConfig.h"

namespace switchboard {

// The names of the threads that run handlers, "sb-work-3": those of business.threads, of business.blocking_threads, and
// of each [[pool.named]], in this order, which is that of their blocks on a worker's page.
std::vector<std::string> BusinessThreads(const SConfig& config);

}  // namespace switchboard
