// The messages of the poll.
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstdint>

constexpr uint16_t kVote = 200;    // an SVoteBody; answered without a body, or rejected
constexpr uint16_t kResult = 201;  // answered, and pushed to all who have voted when a poll ends, with an SResultBody

#pragma pack(push, 1)
struct SVoteBody {
  uint8_t isYes;
};

struct SResultBody {
  boost::endian::big_uint32_t yes;
  boost::endian::big_uint32_t no;
};
#pragma pack(pop)
