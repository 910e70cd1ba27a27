#pragma once

#include <cstdint>
#include <memory>

#include "misc/file/CFd.h"

namespace switchboard {

// A part of an open file that waits to be sent. The file stays open as long as anybody holds a part of it.
// Threads: one owner at a time; the file itself may be shared by any.
struct SFileRange {
  std::shared_ptr<const CFd> p_file;
  uint64_t offset = 0;  // of the first byte
  uint64_t length = 0;  // in bytes

  // Whether it can be read without waiting for a disk, as far as one byte of each 64 KiB tells. False also
  // where the file system doesn't say.
  bool IsInMemory() const;
};

}  // namespace switchboard
