#include "client-sim/message/CBodyPattern.h"

#include <random>

#include "misc/CCrc32.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {

CBodyPattern::CBodyPattern(uint32_t seed) : m_seed(seed), m_block(kPlaces + kMaxBodyBytes) {
  std::mt19937 random(seed);
  for (std::byte& byte : m_block) byte = static_cast<std::byte>(random() & 0xFF);
}

std::optional<SRequestId> CBodyPattern::RequestOf(std::span<const std::byte> body) const {
  if (body.size() < kPrefixBytes) return std::nullopt;
  uint64_t who;
  uint64_t which;
  std::memcpy(&who, body.data(), sizeof(who));
  std::memcpy(&which, body.data() + sizeof(who), sizeof(which));
  boost::endian::big_to_native_inplace(who);
  boost::endian::big_to_native_inplace(which);
  if (static_cast<uint32_t>(who >> 32) != m_seed) return std::nullopt;
  return SRequestId{static_cast<uint32_t>(who), which};
}

CBodyCrc::CBodyCrc(const CBodyPattern& pattern, size_t bodyBytes) : m_ofPlace(CBodyPattern::kPlaces) {
  std::vector<std::byte> body(bodyBytes);
  for (size_t place = 0; place < m_ofPlace.size(); ++place) {
    pattern.WriteAt(place, {0, 0}, body);
    m_ofPlace[place] = CCrc32::Of(body);
  }
  if (bodyBytes >= CBodyPattern::kPrefixBytes) FillRows(bodyBytes);
}

void CBodyCrc::FillRows(size_t bodyBytes) {
  m_ofByte.resize((kSequenceBytes + kConnectionBytes) * kRow);
  std::vector<std::byte> body(bodyBytes);
  const uint32_t ofZeros = CCrc32::Of(body);
  for (size_t byte = 0; byte < kSequenceBytes + kConnectionBytes; ++byte) {
    // Big-endian, so the least significant bytes of sequence and connection lie at 15 and 7.
    std::byte& place = body[byte < kSequenceBytes ? 15 - byte : 7 - (byte - kSequenceBytes)];
    uint32_t* p_row = m_ofByte.data() + byte * kRow;
    for (uint32_t value = 1; value < kRow; ++value) {
      const uint32_t lowBit = value & (~value + 1);
      if (value == lowBit) {
        place = static_cast<std::byte>(value);
        p_row[value] = CCrc32::Of(body) ^ ofZeros;
      } else {
        p_row[value] = p_row[lowBit] ^ p_row[value ^ lowBit];
      }
    }
    place = std::byte{0};
  }
}

}  // namespace switchboard::sim
