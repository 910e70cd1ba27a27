// What every command of the program asks of its own process.
#pragma once

#include "misc/CFd.h"

namespace switchboard::sim {

// A connection needs a descriptor: takes all that the system grants.
void RaiseDescriptorLimit();

// Blocks SIGINT and SIGTERM for the life of the process, and returns a signalfd that reads them. Throws
// std::system_error.
CFd OpenSignals();

// True if a signal has arrived; takes one.
bool TakeSignal(const CFd& signals);

}  // namespace switchboard::sim
