// The packet format, version 1, as C++ structs: a server's handlers see bodies only, but who writes
// a client in C++ can use these. docs/PROTOCOL.md is the source, with the order of answers and what
// ends a connection. Boost.Endian comes along, of whose types bodies are made.
//
//   0        2         4                    8
//   | pkgLen | msgCode | crc32 of the body  | body: pkgLen - 8 bytes …
//     00 0d    00 07     36 10 a6 86          68 65 6c 6c 6f              msgCode 7 with "hello"
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstddef>
#include <cstdint>

namespace switchboard {

#pragma pack(push, 1)
// In front of every body, in both directions. Packets follow each other without gaps, and nothing
// is aligned: copy a header out of a stream, or read it in place, since the fields have alignment
// 1.
struct SPacketHeader {
  // Header and body, in bytes: 8 … 65535. A server accepts limits.packet_bytes at most; what is
  // under 8 or over that ends the connection (bad_length), after what came before is answered.
  boost::endian::big_uint16_t pkgLen;
  // Which handler gets it; of an answer, mostly that of its request.
  boost::endian::big_uint16_t msgCode;
  // CRC-32 (ISO-HDLC: zlib's crc32) of the body alone; 0 for an empty body. One that is wrong is
  // answered with Reject{bad_crc}, and ends the connection, for what follows can't be trusted.
  boost::endian::big_uint32_t crc32;
};

// The body of a packet with kRejectCode, in the place of the answer to a request. The first request
// in flight that has this msgCode is the one that was refused.
struct SRejectBody {
  boost::endian::big_uint16_t msgCode;
  // An ERejectReason, or a number of the server's own from kFirstUserReason on.
  boost::endian::big_uint16_t reason;
};

// The body of a packet with kGoAwayCode, sent once to each client of a worker that stops
// gracefully, unless protocol.goaway is false. Finish what is in flight, and connect again: who is
// still there after drain_ms milliseconds is closed when all that it has sent is answered.
struct SGoAwayBody {
  boost::endian::big_uint32_t drain_ms;
  // An EGoAwayReason.
  boost::endian::big_uint16_t reason;
};
#pragma pack(pop)

static_assert(sizeof(SPacketHeader) == 8 && sizeof(SRejectBody) == 4 && sizeof(SGoAwayBody) == 6);

inline constexpr size_t kHeaderBytes = sizeof(SPacketHeader);
// What pkgLen can say. A server sends packets up to this size, whatever limits.packet_bytes is.
inline constexpr size_t kMaxPacketBytes = 65535;
inline constexpr size_t kMaxBodyBytes = kMaxPacketBytes - kHeaderBytes;

// Why a server asks its clients to leave: it ends, it has other workers with a new configuration,
// another binary takes over, or it needs one worker less. Whoever connects again meets a server in
// all cases but the first.
enum class EGoAwayReason : uint16_t { kStop = 1, kReload = 2, kUpgrade = 3, kRetire = 4 };

// Sent by the server only: a client's packet with one of these codes is rejected as unknown, and
// CModule::On refuses them.
inline constexpr uint16_t kGoAwayCode = 65534;
inline constexpr uint16_t kRejectCode = 65535;

}  // namespace switchboard
