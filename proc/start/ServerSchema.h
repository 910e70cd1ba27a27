#pragma once

#include <functional>

#include "misc/config/CConfigSchema.h"

namespace switchboard {

// Declares the sections of a logic; empty: it has none.
using DescribeLogic = std::function<void(CConfigSchema&)>;

// All sections that a server with this logic knows: those of the framework, of the parts that any logic may own, the
// logic's, and those of the modules that the program uses. Throws std::logic_error when a name of theirs is taken.
CConfigSchema ServerSchema(const DescribeLogic& describe);

}  // namespace switchboard
