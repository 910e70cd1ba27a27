#include "misc/file/SFileRange.h"

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>

namespace switchboard {

namespace {

// The kernel reads a file in pieces of at least that, and forgets it in such as well, by and large.
constexpr uint64_t kPieceBytes = 64 * 1024;

}  // namespace

bool SFileRange::IsInMemory() const {
  const uint64_t last = offset + length - 1;
  for (uint64_t at = offset; length > 0; at = std::min(at + kPieceBytes, last)) {
    std::byte byte{};
    iovec place{&byte, 1};
    const ssize_t n = ::preadv2(p_file->Get(), &place, 1, static_cast<off_t>(at), RWF_NOWAIT);
    if (n < 0) return false;
    // The file has got shorter: who sends it will see that, and doesn't wait either.
    if (n == 0 || at == last) break;
  }
  return true;
}

}  // namespace switchboard
