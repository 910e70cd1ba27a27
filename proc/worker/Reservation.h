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

// From now on nobody can begin to connect to this listening socket, in whatever process it is. Who waits in its accept
// queue, or is about to, isn't affected; there is no way back. Who comes gets no answer, and tries again a second
// later: he may find the next server then. Where the system keeps socket filters from this user, as TurnAwayToOthers.
void TurnAwayForGood(int listener);
// Who comes finds another socket that he meets, or is refused.
void TurnAwayToOthers(int listener);

}  // namespace switchboard
