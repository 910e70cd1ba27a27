#pragma once

#include <boost/endian/conversion.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace switchboard::sim {

// memcpy and memcmp that cost no call for short bodies, which are most.
inline void CopyBytes(std::byte* p_to, const std::byte* p_from, size_t bytes) {
  constexpr size_t kPiece = 16;
  if (bytes < kPiece || bytes > 16 * kPiece) {
    std::memcpy(p_to, p_from, bytes);
    return;
  }
  for (size_t at = 0; at + kPiece <= bytes; at += kPiece) std::memcpy(p_to + at, p_from + at, kPiece);
  // The last piece overlaps with the one before.
  std::memcpy(p_to + bytes - kPiece, p_from + bytes - kPiece, kPiece);
}

inline bool EqualBytes(const std::byte* p_one, const std::byte* p_other, size_t bytes) {
  constexpr size_t kPiece = sizeof(uint64_t);
  if (bytes < kPiece || bytes > 32 * kPiece) return std::memcmp(p_one, p_other, bytes) == 0;
  const auto differenceAt = [&](size_t at) {
    uint64_t one;
    uint64_t other;
    std::memcpy(&one, p_one + at, kPiece);
    std::memcpy(&other, p_other + at, kPiece);
    return one ^ other;
  };
  uint64_t difference = differenceAt(bytes - kPiece);
  for (size_t at = 0; at + kPiece <= bytes; at += kPiece) difference |= differenceAt(at);
  return difference == 0;
}

// Names one request of the whole run.
struct SRequestId {
  uint32_t connection = 0;
  uint64_t sequence = 0;  // counts the requests of the connection from 0
};

// Bodies that can be told apart and checked without keeping them: bytes of a random block, from one of 256 places that
// the request chooses. From 16 bytes on a body begins with {u32 seed; u32 connection; u64 sequence}, all big-endian.
// Threads: any; constant after construction.
class CBodyPattern {
 public:
  static constexpr size_t kPrefixBytes = 16;
  static constexpr size_t kPlaces = 256;  // few, so that they stay in the cache

  // Two runs with different seeds don't take each other's bodies for their own.
  explicit CBodyPattern(uint32_t seed);

  void Write(SRequestId id, std::span<std::byte> body) const { WriteAt(PlaceOf(id), id, body); }
  // The same with the place given.
  void WriteAt(size_t place, SRequestId id, std::span<std::byte> body) const {
    if (body.empty()) return;
    CopyBytes(body.data(), BlockAt(place), body.size());
    if (body.size() >= kPrefixBytes) WritePrefix(id, body.data());
  }
  bool Matches(SRequestId id, std::span<const std::byte> body) const {
    const std::byte* p_block = BlockAt(PlaceOf(id));
    if (body.size() < kPrefixBytes) return body.empty() || std::memcmp(body.data(), p_block, body.size()) == 0;
    std::byte prefix[kPrefixBytes];
    WritePrefix(id, prefix);
    return EqualBytes(body.data(), prefix, kPrefixBytes) &&
           EqualBytes(body.data() + kPrefixBytes, p_block + kPrefixBytes, body.size() - kPrefixBytes);
  }
  // The request that a body of this run names; nothing if it is too short or not ours.
  std::optional<SRequestId> RequestOf(std::span<const std::byte> body) const;

  static size_t PlaceOf(SRequestId id) {
    // Multiplicative hashing (Knuth, TAOCP 3, 6.4): neighbours land far apart.
    return ((id.sequence + id.connection * 0x9E3779B97F4A7C15ULL) * 0xBF58476D1CE4E5B9ULL) >> 56;
  }

 private:
  const std::byte* BlockAt(size_t place) const { return m_block.data() + place; }
  void WritePrefix(SRequestId id, std::byte* p_prefix) const {
    const uint64_t who = boost::endian::native_to_big((uint64_t{m_seed} << 32) | id.connection);
    const uint64_t which = boost::endian::native_to_big(id.sequence);
    std::memcpy(p_prefix, &who, sizeof(who));
    std::memcpy(p_prefix + sizeof(who), &which, sizeof(which));
  }

  const uint32_t m_seed;
  std::vector<std::byte> m_block;
};

// The CRC-32 of a pattern's bodies of one size, without a pass over them. A CRC is linear over XOR, so it is the sum of
// what the place contributes and what each byte of connection and sequence does, and those are in tables.
// Threads: any; constant after construction.
class CBodyCrc {
 public:
  CBodyCrc(const CBodyPattern& pattern, size_t bodyBytes);

  uint32_t Of(SRequestId id) const { return m_ofByte.empty() ? OfPlace(id) : OfRow(id) ^ OfLast(id); }
  // The same in two parts, if the body has a prefix: what a row of 256 requests has in common, and the rest.
  uint32_t OfRow(SRequestId id) const {
    const uint32_t* p_row = m_ofByte.data() + kRow;
    uint32_t crc = 0;
    for (uint64_t rest = id.sequence >> 8; rest != 0; rest >>= 8, p_row += kRow) crc ^= p_row[rest & 0xFF];
    p_row = m_ofByte.data() + kSequenceBytes * kRow;
    for (uint32_t rest = id.connection; rest != 0; rest >>= 8, p_row += kRow) crc ^= p_row[rest & 0xFF];
    return crc;
  }
  uint32_t OfLast(SRequestId id) const { return OfPlace(id) ^ m_ofByte[id.sequence & 0xFF]; }

 private:
  static constexpr size_t kRow = 256;
  static constexpr size_t kSequenceBytes = 8;
  static constexpr size_t kConnectionBytes = 4;

  uint32_t OfPlace(SRequestId id) const { return m_ofPlace[CBodyPattern::PlaceOf(id)]; }
  void FillRows(size_t bodyBytes);

  std::vector<uint32_t> m_ofPlace;  // with connection 0 and sequence 0
  std::vector<uint32_t> m_ofByte;   // a row for each byte, least significant first; none without a prefix
};

}  // namespace switchboard::sim
