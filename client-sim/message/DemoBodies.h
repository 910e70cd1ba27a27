// The bodies of the demo server's codes, as its docs/PROTOCOL.md lays them out.
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstdint>

namespace switchboard::sim {

inline constexpr uint16_t kPingCode = 0;
inline constexpr uint16_t kRegisterCode = 5;
inline constexpr uint16_t kLoginCode = 6;
inline constexpr uint16_t kEchoCode = 7;

#pragma pack(push, 1)
// Both texts end in a NUL inside their array.
struct SLoginBody {
  char username[56];
  char password[40];
};

struct SRegisterBody {
  boost::endian::big_int32_t type;
  SLoginBody account;
};

// The answer to both: 0 is success.
struct SResultBody {
  boost::endian::big_int32_t result;
};
#pragma pack(pop)

static_assert(sizeof(SLoginBody) == 96 && sizeof(SRegisterBody) == 100 && sizeof(SResultBody) == 4);

}  // namespace switchboard::sim
