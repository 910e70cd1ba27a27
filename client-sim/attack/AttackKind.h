#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client-sim/base/Time.h"

namespace switchboard::sim {

// What an attacker does once it has sent its bytes.
enum class EFarewell : uint8_t {
  kStay,   // waits for what the server does
  kAgain,  // sends them again, for as long as the server takes them
  kClose,  // closes and comes back
  kReset,  // resets the connection and comes back
};

// One way of misbehaving towards a server.
struct SAttackKind {
  std::string_view name;
  std::string_view what;  // it does, in a few words
  EFarewell farewell;
  bool isReading = true;    // takes what the server sends
  uint32_t pieceBytes = 0;  // sends at most so many bytes at once; 0: as many as the socket takes
  Nanoseconds pause{};      // between two pieces

  // The bytes that each of its connections sends.
  std::vector<std::byte> Bytes(uint32_t seed) const;

  // Throws std::invalid_argument, with the names there are.
  static const SAttackKind& Named(std::string_view name);
  // "slow-reader, slow-sender, …"
  static std::string Names();
};

}  // namespace switchboard::sim
