// What every command of the program asks of its own process.
#pragma once

#include <cstdint>

#include "misc/file/CFd.h"

namespace switchboard::sim {

// A connection needs a descriptor: takes all that the system grants. Throws std::invalid_argument when that is too few
// for `connections` and for what the process needs besides.
void RaiseDescriptorLimit(uint64_t connections = 0);

// Blocks SIGINT, SIGTERM and SIGHUP for the life of the process, and returns a signalfd that reads them. Throws
// std::system_error.
CFd OpenSignals();

// True if a signal has arrived; takes one.
bool TakeSignal(const CFd& signals);

// From here on they end the process again; those that have arrived are forgotten. All is done but the telling, which
// may have to wait for who reads it.
void ReleaseSignals();

}  // namespace switchboard::sim
