#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "misc/CCrc32.h"
#include "net/wire/Wire.h"

namespace switchboard::bench {

struct SEchoedFrames {
  size_t bytes = 0;    // of whole frames at the front, now ready to be sent
  bool isBad = false;  // a wrong length or CRC follows
};

// What every echo server of this folder does with what it has read: checks the header and the CRC of each whole frame,
// and turns it, in place, into its answer with a CRC of its own. So the servers differ in their way to the socket only.
inline SEchoedFrames EchoFrames(std::span<std::byte> input) {
  SEchoedFrames done;
  while (input.size() - done.bytes >= kHeaderBytes) {
    std::byte* p_frame = input.data() + done.bytes;
    SPacketHeader header;
    std::memcpy(&header, p_frame, kHeaderBytes);
    const size_t bytes = header.pkgLen;
    if (bytes < kHeaderBytes) return {done.bytes, true};
    if (input.size() - done.bytes < bytes) break;
    const std::span<const std::byte> body(p_frame + kHeaderBytes, bytes - kHeaderBytes);
    if (CCrc32::Of(body) != header.crc32) return {done.bytes, true};
    header.crc32 = CCrc32::Of(body);
    std::memcpy(p_frame, &header, kHeaderBytes);
    done.bytes += bytes;
  }
  return done;
}

}  // namespace switchboard::bench
