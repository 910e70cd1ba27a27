#include "client-sim/message/CBodyPattern.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "misc/CCrc32.h"

namespace switchboard::sim {
namespace {

std::vector<std::byte> BodyOf(const CBodyPattern& pattern, SRequestId id, size_t bytes) {
  std::vector<std::byte> body(bytes);
  pattern.Write(id, body);
  return body;
}

TEST(CBodyPatternTest, MatchesItsOwnAndNoOtherRequest) {
  const CBodyPattern pattern(1);
  for (const size_t bytes : {8u, 16u, 17u, 56u, 4096u, 65527u}) {
    const std::vector<std::byte> body = BodyOf(pattern, {3, 9}, bytes);
    EXPECT_TRUE(pattern.Matches({3, 9}, body)) << bytes;
    EXPECT_FALSE(pattern.Matches({3, 10}, body)) << bytes;
    EXPECT_FALSE(pattern.Matches({4, 9}, body)) << bytes;
  }
  EXPECT_TRUE(pattern.Matches({3, 9}, {}));
}

TEST(CBodyPatternTest, EveryFlippedBitIsSeen) {
  const CBodyPattern pattern(2);
  for (const size_t bytes : {5u, 16u, 40u}) {
    std::vector<std::byte> body = BodyOf(pattern, {1, 2}, bytes);
    for (size_t bit = 0; bit < bytes * 8; ++bit) {
      const auto mask = static_cast<std::byte>(1 << (bit % 8));
      body[bit / 8] ^= mask;
      EXPECT_FALSE(pattern.Matches({1, 2}, body)) << bit;
      body[bit / 8] ^= mask;
    }
    EXPECT_TRUE(pattern.Matches({1, 2}, body));
  }
}

TEST(CBodyPatternTest, ABodyNamesItsRequest) {
  const CBodyPattern pattern(3);
  const auto id = pattern.RequestOf(BodyOf(pattern, {0xFFFFFFFE, 0x0123456789ABCDEF}, 16));
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->connection, 0xFFFFFFFEu);
  EXPECT_EQ(id->sequence, 0x0123456789ABCDEFu);
  EXPECT_FALSE(pattern.RequestOf(BodyOf(pattern, {1, 1}, 15)).has_value());
  EXPECT_FALSE(CBodyPattern(4).RequestOf(BodyOf(pattern, {1, 1}, 16)).has_value());
}

TEST(CBodyCrcTest, EqualsTheCrcOfTheBody) {
  const CBodyPattern pattern(5);
  std::mt19937_64 random(5);
  for (const size_t bytes : {0u, 1u, 15u, 16u, 17u, 56u, 1000u, 65527u}) {
    const CBodyCrc crc(pattern, bytes);
    for (int i = 0; i < 300; ++i) {
      const SRequestId id{static_cast<uint32_t>(random() >> (32 + i % 32)), random() >> (i % 64)};
      ASSERT_EQ(crc.Of(id), CCrc32::Of(BodyOf(pattern, id, bytes))) << bytes << ' ' << id.sequence;
    }
  }
}

}  // namespace
}  // namespace switchboard::sim
