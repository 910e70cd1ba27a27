#include "client-sim/message/CBody.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace switchboard::sim {
namespace {

std::string Hex(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned>(byte) >> 4];
    text += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

TEST(CBodyTest, FieldsAreBigEndianAndPadded) {
  EXPECT_EQ(Hex(BytesOfFields("u8:255 u16:258 u32:7 u64:1")), "ff0102000000070000000000000001");
  EXPECT_EQ(Hex(BytesOfFields("i8:-1 i16:-2 i32:2147483647 i64:-9223372036854775808")),
            "fffffe7fffffff8000000000000000");
  EXPECT_EQ(Hex(BytesOfFields("str6:ab str:cd str:'e f' hex:00ff")),
            "61620000000063646520660"
            "0ff");
  EXPECT_EQ(Hex(BytesOfFields("str3:")), "000000");
  EXPECT_EQ(Hex(BytesOfFields("")), "");
}

TEST(CBodyTest, BadFieldsAreRefused) {
  for (const char* bad : {"u32", "u32:", "u32:x", "u8:256", "i8:128", "i8:-129", "u16:-1", "u12:1", "str2:ab", "strx:a",
                          "str:'open", "hex:0", "hex:0g", "u64:18446744073709551616"}) {
    EXPECT_THROW(BytesOfFields(bad), std::invalid_argument) << bad;
  }
}

TEST(CBodyTest, ANumberThatDoesNotFitIsToldWhatFits) {
  const auto failure = [](const char* bad) -> std::string {
    try {
      BytesOfFields(bad);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(failure("u16:70000"), "field 'u16:70000': is out of range: 0..65535");
  EXPECT_EQ(failure("i8:-129"), "field 'i8:-129': is out of range: -128..127");
}

TEST(CBodyTest, PatternBodiesVaryAndAreKnownAgain) {
  const CBodyPattern pattern(1);
  const CPatternBody body(pattern, {0, 5, 16, 500});
  std::set<size_t> sizes;
  std::vector<std::byte> bytes(1000);
  for (uint64_t sequence = 0; sequence < 100; ++sequence) {
    const size_t size = body.Write({3, sequence}, bytes.data());
    const std::span<std::byte> written = std::span(bytes).first(size);
    sizes.insert(size);
    EXPECT_TRUE(body.Is({3, sequence}, written));
    if (size < 16) continue;
    EXPECT_FALSE(body.Is({3, sequence + 1}, written));
    const auto id = body.RequestOf(written);
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ(id->sequence, sequence);
  }
  EXPECT_EQ(sizes, (std::set<size_t>{0, 5, 16, 500}));
}

}  // namespace
}  // namespace switchboard::sim
