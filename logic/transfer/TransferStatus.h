// What the system says about files, and how it is called on the wire.
#pragma once

#include <sys/stat.h>

#include "logic/transfer/TransferMessages.h"
#include "misc/file/CFileRoot.h"

namespace switchboard {

// Threads: any, of all here.
ETransferStatus StatusOf(EFileError error);
// The name as docs/TRANSFER.md has it, such as "not_found".
const char* ToString(ETransferStatus status);
// kOk, with what `stat` says.
SStatReply StatReplyOf(const struct stat& status);

}  // namespace switchboard
