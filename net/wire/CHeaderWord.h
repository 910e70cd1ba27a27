#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "net/wire/Wire.h"

namespace switchboard {

// A header as one number, its first byte on top: one load or store and one byte swap, where each field of SPacketHeader
// takes its own. Threads: any.
class CHeaderWord {
 public:
  static uint64_t Load(const std::byte* p_frame) {
    uint64_t word;
    std::memcpy(&word, p_frame, sizeof(word));
    return Swap(word);
  }
  static void Store(std::byte* p_frame, uint64_t word) {
    word = Swap(word);
    std::memcpy(p_frame, &word, sizeof(word));
  }
  static constexpr uint64_t Make(size_t pkgLen, uint16_t msgCode, uint32_t crc32) {
    return uint64_t{pkgLen} << 48 | uint64_t{msgCode} << 32 | crc32;
  }
  static constexpr uint16_t PkgLen(uint64_t word) { return static_cast<uint16_t>(word >> 48); }
  static constexpr uint16_t MsgCode(uint64_t word) { return static_cast<uint16_t>(word >> 32); }
  static constexpr uint32_t Crc32(uint64_t word) { return static_cast<uint32_t>(word); }

 private:
  static constexpr uint64_t Swap(uint64_t word) {
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
  }
};
static_assert(sizeof(uint64_t) == kHeaderBytes);

}  // namespace switchboard
