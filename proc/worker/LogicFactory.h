#pragma once

#include <functional>
#include <memory>

#include "logic/CLogic.h"

namespace switchboard {

// Builds the logic of one worker. Called once in each worker process, after the fork and before any thread runs.
using LogicFactory = std::function<std::unique_ptr<CLogic>()>;

}  // namespace switchboard
