#pragma once

#include <cstdint>
#include <set>

#include "misc/file/CFd.h"
#include "proc/sys/CSocketAddress.h"

namespace switchboard {

// How a server takes an address for itself before any worker listens there, and how its sockets stand beside each
// other.
// Threads: any.

// A listening socket, non-blocking, beside the others of the same user that share the address (SO_REUSEPORT).
// Throws std::system_error.
CFd OpenListener(const CSocketAddress& address, uint32_t backlog);

// A socket that doesn't listen, and keeps all others of the machine from the address, but those who share it and are of
// the same user. Throws std::system_error with EADDRINUSE when anybody is there already.
CFd ReserveAlone(const CSocketAddress& address);

// As ReserveAlone, where the server's own sockets are in the way: `own` are the inodes of those that listen. Throws
// std::system_error with EADDRINUSE when anybody else listens there; std::runtime_error when its own can't be shared.
CFd ReserveBeside(const CSocketAddress& address, const std::set<uint64_t>& own);

}  // namespace switchboard
