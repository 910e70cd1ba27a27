#pragma once

#include "misc/file/CFd.h"

namespace switchboard {

// Closes a descriptor that another process has sent, and waits for nobody: who closes a connection as the last one
// waits for its peer where SO_LINGER says so, which the other may have set. If it is a connection, it is reset.
// Threads: any.
void CloseForeign(CFd fd);
// The same of a connection that the other process has as well: it goes on there, unless it lingers.
void CloseShared(CFd fd);

}  // namespace switchboard
