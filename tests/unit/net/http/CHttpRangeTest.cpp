#include "net/http/CHttpRange.h"

#include <gtest/gtest.h>

#include <string>

namespace switchboard {
namespace {

// "whole", "416", or the parts as BEGIN+BYTES.
std::string Read(std::string_view value, uint64_t fileBytes) {
  CHttpRange range;
  switch (range.Read(value, fileBytes)) {
    case ERange::kWhole:
      EXPECT_TRUE(range.Parts().empty());
      return "whole";
    case ERange::kUnsatisfiable:
      EXPECT_TRUE(range.Parts().empty());
      return "416";
    case ERange::kParts:
      break;
  }
  std::string text;
  for (const SByteRange& part : range.Parts()) {
    text += (text.empty() ? "" : " ") + std::to_string(part.begin) + '+' + std::to_string(part.bytes);
  }
  return text;
}

TEST(CHttpRangeTest, Table) {
  const struct {
    std::string value;
    uint64_t fileBytes;
    std::string expected;
  } cases[] = {
      // One.
      {"bytes=0-0", 1000, "0+1"},
      {"bytes=0-499", 1000, "0+500"},
      {"bytes=500-999", 1000, "500+500"},
      {"bytes=999-999", 1000, "999+1"},
      {"bytes=0-999", 1000, "0+1000"},
      {"bytes=0-", 1000, "0+1000"},
      {"bytes=999-", 1000, "999+1"},
      {"bytes=-1", 1000, "999+1"},
      {"bytes=-1000", 1000, "0+1000"},
      {"bytes=-1001", 1000, "0+1000"},
      {"bytes=900-2000", 1000, "900+100"},
      {"bytes=0-99999999999999999999999999", 1000, "0+1000"},
      {"bytes=-99999999999999999999999999", 1000, "0+1000"},
      {"bytes=0-18446744073709551615", 1000, "0+1000"},
      {"bytes=000-0009", 1000, "0+10"},
      {"Bytes=0-0", 1000, "0+1"},
      {"bytes= 0-0 ", 1000, "0+1"},
      {"bytes=9223372036854775806-", 9223372036854775807U, "9223372036854775806+1"},
      {"bytes=0-18446744073709551615", 18446744073709551615U, "0+18446744073709551615"},
      // None that fits.
      {"bytes=1000-", 1000, "416"},
      {"bytes=1000-1000", 1000, "416"},
      {"bytes=5000-6000", 1000, "416"},
      {"bytes=99999999999999999999-", 1000, "416"},
      {"bytes=-0", 1000, "416"},
      {"bytes=1000-,2000-3000,-0", 1000, "416"},
      // Of nothing.
      {"bytes=0-", 0, "whole"},
      {"bytes=0-0", 0, "whole"},
      {"bytes=5-", 0, "whole"},
      {"bytes=-1", 0, "whole"},
      {"bytes=-0", 0, "whole"},
      {"bytes=0-,5-", 0, "whole"},
      // Several.
      {"bytes=0-0,-1", 1000, "0+1 999+1"},
      {"bytes=500-600,601-999", 1000, "500+101 601+399"},
      {"bytes=0-1, 4-5 ,\t8-9", 1000, "0+2 4+2 8+2"},
      {"bytes=900-999,0-99", 1000, "900+100 0+100"},
      {"bytes=0-0,5000-", 1000, "0+1"},
      {"bytes=500-700,601-999", 1000, "500+201 601+399"},
      {"bytes=0-9,5-14,10-19", 1000, "0+10 5+10 10+10"},
      {"bytes=0-9,0-9,0-9", 1000, "0+10 0+10 0+10"},
      // Too costly.
      {"bytes=0-9,0-9,0-9,0-9", 1000, "whole"},
      {"bytes=0-,0-", 1000, "whole"},
      {"bytes=0-999,0-0", 1000, "whole"},
      {"bytes=-600,-600", 1000, "whole"},
      // Malformed.
      {"", 1000, "whole"},
      {"bytes", 1000, "whole"},
      {"bytes=", 1000, "whole"},
      {"=0-0", 1000, "whole"},
      {"bytes =0-0", 1000, "whole"},
      {" bytes=0-0", 1000, "whole"},
      {"bytes:0-0", 1000, "whole"},
      {"bytes 0-0", 1000, "whole"},
      {"items=0-0", 1000, "whole"},
      {"bytesx=0-0", 1000, "whole"},
      {"bytes=-", 1000, "whole"},
      {"bytes=--1", 1000, "whole"},
      {"bytes=1", 1000, "whole"},
      {"bytes=a-b", 1000, "whole"},
      {"bytes=0-b", 1000, "whole"},
      {"bytes=a-0", 1000, "whole"},
      {"bytes=1-0", 1000, "whole"},
      {"bytes=18446744073709551615-0", 1000, "whole"},
      {"bytes=0 -1", 1000, "whole"},
      {"bytes=0- 1", 1000, "whole"},
      {"bytes=0-1-2", 1000, "whole"},
      {"bytes=+0-1", 1000, "whole"},
      {"bytes=0-+1", 1000, "whole"},
      {"bytes=0x0-1", 1000, "whole"},
      {"bytes=0.0-1", 1000, "whole"},
      {"bytes=0-1,", 1000, "whole"},
      {"bytes=,0-1", 1000, "whole"},
      {"bytes=0-1,,2-3", 1000, "whole"},
      {"bytes=0-1;2-3", 1000, "whole"},
      {"bytes=0-1,x", 1000, "whole"},
      {"bytes=0-1,5-4", 1000, "whole"},
      {"bytes==0-1", 1000, "whole"},
      {"bytes=0-1=", 1000, "whole"},
      {"bytes=0-1,bytes=2-3", 1000, "whole"},
  };
  for (const auto& [value, fileBytes, expected] : cases) EXPECT_EQ(Read(value, fileBytes), expected) << value;
}

TEST(CHttpRangeTest, TheNumberOfRangesIsLimited) {
  const auto many = [](size_t count) {
    std::string value = "bytes=0-0";
    for (size_t i = 1; i < count; ++i) value += ',' + std::to_string(2 * i) + '-' + std::to_string(2 * i);
    return value;
  };
  CHttpRange range;
  EXPECT_EQ(range.Read(many(CHttpRange::kMaxRanges), 1000), ERange::kParts);
  EXPECT_EQ(range.Parts().size(), CHttpRange::kMaxRanges);
  EXPECT_EQ(range.Read(many(CHttpRange::kMaxRanges + 1), 1000), ERange::kWhole);
  EXPECT_EQ(range.Read(many(100000), 1000), ERange::kWhole);
  EXPECT_TRUE(range.Parts().empty());
}

}  // namespace
}  // namespace switchboard
