#pragma once

#include <cstddef>
#include <cstring>
#include <span>

namespace switchboard {

// Copies the ends of `bytes`, kPiece each, which may overlap: kPiece to 2 · kPiece bytes.
template <size_t kPiece>
[[gnu::always_inline]] inline void CopyEnds(std::byte* p_to, std::span<const std::byte> bytes) {
  const size_t last = bytes.size() - kPiece;
  std::memcpy(p_to, bytes.data(), kPiece);
  std::memcpy(p_to + last, bytes.data() + last, kPiece);
}

// A memcpy that is at its best where there are few bytes, as in most packets: a call, or a `rep movs`, would cost more
// than the copy. Threads: any.
[[gnu::always_inline]] inline void CopyShort(std::byte* p_to, std::span<const std::byte> bytes) {
  if (bytes.size() < 8 || bytes.size() > 128) {
    if (!bytes.empty()) std::memcpy(p_to, bytes.data(), bytes.size());
  } else if (bytes.size() <= 16) {
    CopyEnds<8>(p_to, bytes);
  } else if (bytes.size() <= 64) {
    bytes.size() <= 32 ? CopyEnds<16>(p_to, bytes) : CopyEnds<32>(p_to, bytes);
  } else {
    CopyEnds<64>(p_to, bytes);
  }
}

}  // namespace switchboard
