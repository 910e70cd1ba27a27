#include "logic/demo/DemoMessages.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "logic/MsgCode.h"

namespace switchboard {
namespace {

using std::string_literals::operator""s;

static_assert(kPing == 0 && kRegister == 5 && kLogin == 6 && kEcho == 7);
static_assert(std::is_trivially_copyable_v<SRegisterBody> && alignof(SRegisterBody) == 1 && alignof(SLoginBody) == 1);
static_assert(offsetof(SRegisterBody, username) == 4 && offsetof(SRegisterBody, password) == 60);
static_assert(offsetof(SLoginBody, password) == 56);

TEST(DemoMessages, IntegersTravelBigEndian) {
  const SResultBody body{static_cast<int32_t>(EDemoResult::kStoreFailure)};
  EXPECT_EQ(std::memcmp(&body, "\0\0\0\4", sizeof body), 0);
}

struct STextCase {
  const char* p_name;
  std::string field;
  std::optional<std::string> text;
};

class CTextFieldTest : public testing::TestWithParam<STextCase> {};

TEST_P(CTextFieldTest, IsTakenOrRefused) {
  const STextCase& testCase = GetParam();
  const std::optional<std::string_view> text = TextField(testCase.field);
  ASSERT_EQ(text.has_value(), testCase.text.has_value());
  if (text) {
    EXPECT_EQ(*text, *testCase.text);
    EXPECT_EQ(text->data(), testCase.field.data());
  }
}

// A whole field that is not text: refused.
STextCase Refused(const char* p_name, std::string field) { return {p_name, std::move(field), std::nullopt}; }
// A text with its NUL, and bytes behind it that nobody reads: taken.
STextCase Taken(const char* p_name, std::string text) { return {p_name, text + "\0\xFF\xFFrest"s, text}; }

INSTANTIATE_TEST_SUITE_P(
    All, CTextFieldTest,
    testing::Values(
        Taken("Ascii", "alice"), Taken("OneByte", "a"), Taken("ControlByte", "\x01"),
        Taken("TwoBytesFirst", "\xC2\x80"), Taken("TwoBytesLast", "\xDF\xBF"), Taken("ThreeBytesFirst", "\xE0\xA0\x80"),
        Taken("BeforeSurrogates", "\xED\x9F\xBF"), Taken("AfterSurrogates", "\xEE\x80\x80"),
        Taken("ThreeBytesLast", "\xEF\xBF\xBF"), Taken("FourBytesFirst", "\xF0\x90\x80\x80"),
        Taken("FourBytesLast", "\xF4\x8F\xBF\xBF"), Taken("Mixed", "J\xC3\xBCrgen \xE6\x9D\x8E \xF0\x9F\x98\x80"),
        STextCase{"NulIsTheLastByte", std::string(55, 'x') + "\0"s, std::string(55, 'x')},

        Refused("NoBytes", ""), Refused("NoNul", std::string(56, 'x')), Refused("Empty", "\0abc"s),
        Refused("OnlyNuls", std::string(56, '\0')), Refused("LoneContinuation", "\x80\0"s),
        Refused("ContinuationAfterText", "a\xBF\0"s), Refused("ContinuationTooMany", "\xC3\xBC\x80\0"s),
        Refused("OverlongNul", "\xC0\x80\0"s), Refused("OverlongTwoBytes", "\xC1\xBF\0"s),
        Refused("OverlongThreeBytes", "\xE0\x9F\xBF\0"s), Refused("OverlongFourBytes", "\xF0\x8F\xBF\xBF\0"s),
        Refused("SurrogateFirst", "\xED\xA0\x80\0"s), Refused("SurrogateLast", "\xED\xBF\xBF\0"s),
        Refused("SurrogatePair", "\xED\xA0\xBD\xED\xB8\x80\0"s), Refused("JustTooLarge", "\xF4\x90\x80\x80\0"s),
        Refused("LeadF5", "\xF5\x80\x80\x80\0"s), Refused("FiveBytes", "\xF8\x88\x80\x80\x80\0"s),
        Refused("SixBytes", "\xFC\x84\x80\x80\x80\x80\0"s), Refused("LeadFE", "\xFE\0"s), Refused("LeadFF", "\xFF\0"s),
        Refused("CutAfterOneOfTwo", "\xC3\0"s), Refused("CutAfterTwoOfThree", "\xE6\x9D\0"s),
        Refused("CutAfterThreeOfFour", "\xF0\x9F\x98\0"s), Refused("SecondIsText", "\xC3q\0"s),
        Refused("ThirdIsText", "\xE6\x9Dq\0"s), Refused("FourthIsText", "\xF0\x9F\x98q\0"s),
        Refused("FourthIsLead", "\xF0\x9F\x98\xC3\0"s), Refused("BadAfterGood", "alice\xFF\0"s)),
    [](const auto& tested) { return std::string(tested.param.p_name); });

// Writes the value in the classic scheme with `length` bytes, whether or not that is allowed.
std::string Encode(uint32_t value, size_t length) {
  constexpr uint32_t kLeads[] = {0x00, 0x00, 0xC0, 0xE0, 0xF0};
  std::string bytes(length, '\0');
  for (size_t at = length; at-- > 1; value >>= 6) bytes[at] = static_cast<char>(0x80 | (value & 0x3F));
  bytes[0] = static_cast<char>(kLeads[length] | value);
  return bytes;
}

TEST(DemoMessages, Utf8IsJudgedRightForEveryValueInEveryLength) {
  constexpr uint32_t kEnds[] = {0, 0x80, 0x800, 0x10000, 0x200000};  // what fits into so many bytes
  for (size_t length = 1; length <= 4; ++length) {
    for (uint32_t value = 0; value < kEnds[length]; ++value) {
      const bool isShortest = value >= kEnds[length - 1];
      const bool isSurrogate = value >= 0xD800 && value <= 0xDFFF;
      ASSERT_EQ(IsUtf8(Encode(value, length)), isShortest && !isSurrogate && value <= 0x10FFFF)
          << "value " << value << " in " << length << " bytes";
    }
  }
}

}  // namespace
}  // namespace switchboard
