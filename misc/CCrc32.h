#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace switchboard {

// CRC-32/ISO-HDLC (zlib's, Ethernet's): polynomial 0x04C11DB7 reflected, initial and final value 0xFFFFFFFF.
// The CRC of no bytes is 0. Threads: any.
class CCrc32 {
 public:
  static uint32_t Of(std::span<const std::byte> bytes) { return bytes.empty() ? 0 : OfSome(bytes); }

 private:
  static uint32_t OfSome(std::span<const std::byte> bytes);
};

}  // namespace switchboard
