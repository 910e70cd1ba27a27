#pragma once

#include <sys/types.h>

#include <string>

#include "misc/file/CFd.h"

namespace switchboard {

// As open(2), for a file that the server writes: close-on-exec, and it never waits. Root follows a link at the end of
// the path, symbolic or hard, only where nobody else can have put it: in a folder that root alone can write. Invalid,
// with errno set, when it fails; ELOOP is such a link.
// Threads: any.
CFd OpenPlainFile(const std::string& path, int flags, mode_t mode);

}  // namespace switchboard
