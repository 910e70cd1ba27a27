// The packet format, version 1. One page about it: docs/PROTOCOL.md.
#pragma once

#include <bit>
#include <boost/endian/arithmetic.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace switchboard {

#pragma pack(push, 1)
// The header in front of every body; big-endian, 8 bytes, body follows back to back.
struct SPacketHeader {
  boost::endian::big_uint16_t pkgLen;   // header + body in bytes
  boost::endian::big_uint16_t msgCode;  // index into the handler table
  boost::endian::big_uint32_t crc32;    // CRC-32 (ISO-HDLC) of the body; 0 for an empty body
};

// Body of kRejectCode: which request was refused, and why (ERejectReason).
struct SRejectBody {
  boost::endian::big_uint16_t msgCode;
  boost::endian::big_uint16_t reason;
};

// Body of kGoAwayCode: the server drains; reconnect within drain_ms.
struct SGoAwayBody {
  boost::endian::big_uint32_t drain_ms;
  boost::endian::big_uint16_t reason;
};
#pragma pack(pop)

static_assert(sizeof(SPacketHeader) == 8 && sizeof(SRejectBody) == 4 && sizeof(SGoAwayBody) == 6);

inline constexpr size_t kHeaderBytes = sizeof(SPacketHeader);

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
inline constexpr size_t kMaxPacketBytes = 65535;
inline constexpr size_t kMaxBodyBytes = kMaxPacketBytes - kHeaderBytes;

// Why a server asks its clients to reconnect: SGoAwayBody::reason.
enum class EGoAwayReason : uint16_t { kStop = 1, kReload = 2, kUpgrade = 3, kRetire = 4 };

// Sent by the server only; no handler can be registered for them.
inline constexpr uint16_t kGoAwayCode = 65534;
inline constexpr uint16_t kRejectCode = 65535;

}  // namespace switchboard
