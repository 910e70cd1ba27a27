#include "client-sim/attack/AttackKind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <stdexcept>

#include "client-sim/message/DemoBodies.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {
namespace {

constexpr std::chrono::milliseconds kMs{1};
constexpr uint16_t kNobodysCode = 60000;

constexpr std::array<SAttackKind, 11> kKinds{{
    {"slow-reader", "sends echoes and never reads the answers", EFarewell::kAgain, false},
    {"slow-sender", "sends one byte of a packet at a time", EFarewell::kAgain, true, 1, 20 * kMs},
    {"half-open", "begins a packet and falls silent", EFarewell::kStay},
    {"garbage", "sends random bytes", EFarewell::kAgain},
    {"bad-crc", "sends a packet with a wrong CRC", EFarewell::kStay},
    {"bad-length", "sends a header with a pkgLen under 8", EFarewell::kStay},
    {"unknown-code", "sends packets that nobody handles", EFarewell::kAgain, true, kHeaderBytes, 10 * kMs},
    {"oversize", "sends packets of the greatest length there is", EFarewell::kAgain},
    {"flood", "sends pings as fast as it can", EFarewell::kAgain},
    {"connect-storm", "connects and closes, over and over", EFarewell::kClose},
    {"rst", "sends echoes and resets the connection, over and over", EFarewell::kReset},
}};

std::vector<std::byte> Frames(uint16_t msgCode, size_t bodyBytes, size_t count) {
  const size_t frameBytes = kHeaderBytes + bodyBytes;
  std::vector<std::byte> bytes(frameBytes * count);
  for (size_t i = 0; i < count; ++i) CFrameEncoder::WriteHeader(bytes.data() + i * frameBytes, msgCode, bodyBytes);
  return bytes;
}

std::vector<std::byte> Garbage(uint32_t seed) {
  std::vector<std::byte> bytes(4096);
  std::mt19937 random(seed);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xFF);
  return bytes;
}

}  // namespace

std::vector<std::byte> SAttackKind::Bytes(uint32_t seed) const {
  std::vector<std::byte> bytes;
  if (name == "slow-reader") bytes = Frames(kEchoCode, 8192, 16);
  if (name == "slow-sender") bytes = Frames(kEchoCode, 16384, 1);
  if (name == "half-open") {
    bytes = Frames(kEchoCode, 16384, 1);
    bytes.resize(kHeaderBytes + 1);
  }
  if (name == "garbage") bytes = Garbage(seed);
  if (name == "bad-crc") {
    bytes = Frames(kEchoCode, 64, 1);
    bytes.back() ^= std::byte{1};
  }
  if (name == "bad-length") bytes.assign(kHeaderBytes, std::byte{0});
  if (name == "unknown-code") bytes = Frames(kNobodysCode, 0, 1);
  if (name == "oversize") bytes = Frames(kEchoCode, kMaxBodyBytes, 1);
  if (name == "flood") bytes = Frames(kPingCode, 0, 4096);
  if (name == "rst") bytes = Frames(kEchoCode, 1024, 16);
  return bytes;
}

const SAttackKind& SAttackKind::Named(std::string_view name) {
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [name](const SAttackKind& one) { return one.name == name; });
  if (kind == kKinds.end()) throw std::invalid_argument(fmt::format("'{}' is none of {}", name, Names()));
  return *kind;
}

std::string SAttackKind::Names() {
  std::string names;
  for (const SAttackKind& kind : kKinds) names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
  return names;
}

}  // namespace switchboard::sim
