#pragma once

#include <sys/types.h>

#include <cstdint>

#include "net/conn/CConnection.h"

namespace switchboard {

// What a connection's write half is about to send: blocks, and parts of files between them.
// Threads: the owner of the write half, which is sb-send or sb-file.
class CSendQueue {
 public:
  // All bytes before the part of a file at the front are sent.
  static bool IsFilesTurn(CConnection& connection) {
    CBlock* const p_first = connection.write.sending.First();
    return p_first != nullptr && p_first->Unused().empty();
  }
  // One call that writes what is at the front; the queue isn't empty. Returns what the call does: bytes, -1 with errno,
  // or 0 when the file at the front has got shorter.
  static ssize_t Send(CConnection& connection);
  // Takes `bytes` (or all that there is) off the front.
  static void Drop(CConnection& connection, uint64_t bytes);

 private:
  static ssize_t SendBlocks(CConnection& connection);
  static ssize_t SendFile(CConnection& connection);
  static void SetCork(CConnection& connection, bool isCorked);
};

}  // namespace switchboard
