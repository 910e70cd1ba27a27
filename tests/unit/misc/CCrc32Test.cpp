#include "misc/CCrc32.h"

#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <random>
#include <string_view>
#include <vector>

namespace switchboard {
namespace {

uint32_t CrcOf(std::string_view text) { return CCrc32::Of(std::as_bytes(std::span(text))); }

uint32_t BoostCrcOf(std::span<const std::byte> bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

TEST(CCrc32Test, KnownVectors) {
  EXPECT_EQ(CrcOf("123456789"), 0xCBF43926U);  // the check value of CRC-32/ISO-HDLC
  EXPECT_EQ(CrcOf("a"), 0xE8B7BE43U);
  EXPECT_EQ(CrcOf(std::string_view("\0\0\0\0", 4)), 0x2144DF1CU);
  EXPECT_EQ(CrcOf("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
}

TEST(CCrc32Test, OfNothingIsZero) {
  EXPECT_EQ(CCrc32::Of({}), 0U);
  EXPECT_EQ(CrcOf(""), 0U);
}

TEST(CCrc32Test, AgreesWithBoostAtEveryShortLengthAndAlignment) {
  std::mt19937 random(1);
  std::vector<std::byte> data(512 + 16);
  for (std::byte& byte : data) byte = static_cast<std::byte>(random());
  for (size_t offset = 0; offset < 16; ++offset) {
    for (size_t bytes = 0; bytes <= 512; ++bytes) {
      const auto part = std::span<const std::byte>(data).subspan(offset, bytes);
      ASSERT_EQ(CCrc32::Of(part), BoostCrcOf(part)) << offset << "+" << bytes;
    }
  }
}

TEST(CCrc32Test, AgreesWithBoostOnLargeBodies) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> data(random() % 65536);
    for (std::byte& byte : data) byte = static_cast<std::byte>(random());
    ASSERT_EQ(CCrc32::Of(data), BoostCrcOf(data)) << data.size();
  }
}

}  // namespace
}  // namespace switchboard
