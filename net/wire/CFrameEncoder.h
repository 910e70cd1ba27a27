#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "misc/CCrc32.h"
#include "misc/CopyShort.h"
#include "net/wire/CHeaderWord.h"

namespace switchboard {

// Writes the header of a frame whose body is in place or at hand. Stateless. Threads: any.
class CFrameEncoder {
 public:
  // Fills the 8 bytes at `p_frame` for the body of `bodyBytes` (at most kMaxBodyBytes) that lies right behind them.
  [[gnu::always_inline]] static void WriteHeader(std::byte* p_frame, uint16_t msgCode, size_t bodyBytes) {
    const uint32_t crc32 = CCrc32::Of({p_frame + kHeaderBytes, bodyBytes});
    CHeaderWord::Store(p_frame, CHeaderWord::Make(kHeaderBytes + bodyBytes, msgCode, crc32));
  }
  // Copies `body` (at most kMaxBodyBytes) behind a new header; `p_frame` has room for kHeaderBytes + body.size().
  [[gnu::always_inline]] static void WriteFrame(std::byte* p_frame, uint16_t msgCode, std::span<const std::byte> body) {
    CopyShort(p_frame + kHeaderBytes, body);
    WriteHeader(p_frame, msgCode, body.size());
  }
};

}  // namespace switchboard
