// The packet format, version 1. One page about it: docs/PROTOCOL.md.
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstddef>
#include <cstdint>

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
inline constexpr size_t kMaxPacketBytes = 65535;
inline constexpr size_t kMaxBodyBytes = kMaxPacketBytes - kHeaderBytes;

// Why a server asks its clients to reconnect: SGoAwayBody::reason.
enum class EGoAwayReason : uint16_t { kStop = 1, kReload = 2, kUpgrade = 3, kRetire = 4 };

// Sent by the server only; no handler can be registered for them.
inline constexpr uint16_t kGoAwayCode = 65534;
inline constexpr uint16_t kRejectCode = 65535;

}  // namespace switchboard
