#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "misc/file/CFd.h"

namespace switchboard {

// A file as it is served: open, or, if it is small, its bytes; and the parts of its answers that are always the same.
// Threads: any; it doesn't change once it is made.
struct SServedFile {
  std::shared_ptr<const CFd> p_file;  // nullptr when `body` is all of it
  std::string body;
  struct stat status = {};
  bool isSettled = true;  // false: changed so recently that its next change may not show in its times

  std::string type;                           // its media type
  std::string etag;                           // with its quotes
  int64_t modified = 0;                       // in seconds of the wall clock
  std::string fields;                         // the header lines that every answer with it has, CRLF behind each
  std::string wholeHead;                      // of an answer 200, from behind its date to its Content-Length
  std::shared_ptr<const SServedFile> p_gzip;  // the same, precompressed; nullptr: there is none

  uint64_t Size() const { return static_cast<uint64_t>(status.st_size); }
  // Bytes in memory, and files, the precompressed one included.
  size_t HeldBytes() const { return body.size() + (p_gzip != nullptr ? p_gzip->body.size() : 0); }
  size_t HeldFiles() const { return p_gzip != nullptr ? 2 : 1; }
};

using ServedFilePtr = std::shared_ptr<const SServedFile>;

}  // namespace switchboard
