// The chat's message codes and bodies, byte for byte as they travel.
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstdint>

inline constexpr uint16_t kJoin = 1;  // SJoinBody; answered with an empty kJoin, or rejected: kNoName
inline constexpr uint16_t kSay = 2;   // any text; not answered, but every member gets a kSaid; or rejected: kNoMember
inline constexpr uint16_t kTime = 3;  // empty; answered with an STimeBody
inline constexpr uint16_t kSaid = 4;  // server → member: "name: text"

// Reasons of the chat's own for a Reject.
inline constexpr uint16_t kNoName = 256;    // the name is empty
inline constexpr uint16_t kNoMember = 257;  // says something, and hasn't joined

#pragma pack(push, 1)
struct SJoinBody {
  char name[24];  // filled up with NULs
};

struct STimeBody {
  boost::endian::big_int64_t unixSeconds;
};
#pragma pack(pop)
