#include "client-sim/message/CBody.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "client-sim/base/Random.h"

namespace switchboard::sim {
namespace {

[[noreturn]] void Refuse(const std::string& field, std::string_view why) {
  throw std::invalid_argument(fmt::format("field '{}': {}", field, why));
}

// Cuts `text` at blanks outside of single quotes, and takes the quotes off.
std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  bool isQuoted = false;
  bool isWord = false;
  for (const char letter : text) {
    const bool isBlank = letter == ' ' && !isQuoted;
    if (letter == '\'') isQuoted = !isQuoted;
    if (!isBlank && !isWord) words.emplace_back();
    isWord = !isBlank;
    if (!isBlank && letter != '\'') words.back() += letter;
  }
  if (isQuoted) throw std::invalid_argument("a quote is not closed");
  return words;
}

// Appends the low `bits` of `value`, big-endian.
void AppendInteger(std::vector<std::byte>& out, uint64_t value, unsigned bits) {
  for (unsigned shift = bits; shift != 0; shift -= 8) out.push_back(static_cast<std::byte>(value >> (shift - 8)));
}

template <typename Number>
Number NumberIn(const std::string& field, std::string_view text) {
  Number number = 0;
  const auto [p_rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || p_rest != text.data() + text.size()) Refuse(field, "is no such number");
  return number;
}

void AppendNumber(std::vector<std::byte>& out, const std::string& field, bool isSigned, unsigned bits,
                  std::string_view text) {
  if (isSigned) {
    const auto number = NumberIn<int64_t>(field, text);
    const int64_t highest = std::numeric_limits<int64_t>::max() >> (64 - bits);
    if (number > highest || number < -highest - 1) {
      Refuse(field, fmt::format("is out of range: {}..{}", -highest - 1, highest));
    }
    return AppendInteger(out, static_cast<uint64_t>(number), bits);
  }
  const auto number = NumberIn<uint64_t>(field, text);
  const uint64_t highest = UINT64_MAX >> (64 - bits);
  if (number > highest) Refuse(field, fmt::format("is out of range: 0..{}", highest));
  AppendInteger(out, number, bits);
}

void AppendText(std::vector<std::byte>& out, std::string_view text) {
  for (const char letter : text) out.push_back(static_cast<std::byte>(letter));
}

void AppendField(std::vector<std::byte>& out, const std::string& field) {
  const size_t colon = field.find(':');
  if (colon == std::string::npos) Refuse(field, "is not TYPE:VALUE");
  const std::string type = field.substr(0, colon);
  const std::string_view value = std::string_view(field).substr(colon + 1);
  for (const unsigned bits : {8U, 16U, 32U, 64U}) {
    if (type == fmt::format("u{}", bits)) return AppendNumber(out, field, false, bits, value);
    if (type == fmt::format("i{}", bits)) return AppendNumber(out, field, true, bits, value);
  }
  if (type == "str") return AppendText(out, value);
  if (type == "hex") {
    const std::vector<std::byte> bytes = BytesOfHex(std::string(value));
    out.insert(out.end(), bytes.begin(), bytes.end());
    return;
  }
  if (type.starts_with("str")) {
    const auto size = NumberIn<uint16_t>(field, std::string_view(type).substr(3));
    if (value.size() >= size) Refuse(field, "the text leaves no room for its NUL");
    const size_t end = out.size() + size;
    AppendText(out, value);
    return out.resize(end);
  }
  Refuse(field, "the type is none of u8, u16, u32, u64, i8, i16, i32, i64, strN, str, hex");
}

}  // namespace

size_t CFixedBody::Write(SRequestId, std::byte* p_body) const {
  std::copy(m_bytes.begin(), m_bytes.end(), p_body);
  return m_bytes.size();
}

bool CFixedBody::Is(SRequestId, std::span<const std::byte> body) const {
  return std::equal(body.begin(), body.end(), m_bytes.begin(), m_bytes.end());
}

size_t CPatternBody::BytesOf(SRequestId id) const {
  return m_sizes[SeedOf(id.connection, id.sequence) % m_sizes.size()];
}

size_t CPatternBody::Write(SRequestId id, std::byte* p_body) const {
  const size_t bytes = BytesOf(id);
  m_pattern.Write(id, {p_body, bytes});
  return bytes;
}

bool CPatternBody::Is(SRequestId id, std::span<const std::byte> body) const {
  return body.size() == BytesOf(id) && m_pattern.Matches(id, body);
}

std::vector<std::byte> BytesOfFields(const std::string& text) {
  std::vector<std::byte> bytes;
  for (const std::string& field : Words(text)) AppendField(bytes, field);
  return bytes;
}

std::vector<std::byte> BytesOfHex(const std::string& text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char letter) { return letter != ' '; });
  if (digits.size() % 2 != 0) throw std::invalid_argument("hex digits come in pairs");
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    uint8_t value = 0;
    const char* p_end = digits.data() + i + 2;
    const auto [p_rest, error] = std::from_chars(digits.data() + i, p_end, value, 16);
    if (error != std::errc{} || p_rest != p_end) {
      throw std::invalid_argument(fmt::format("'{}' are no hex digits", digits.substr(i, 2)));
    }
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

}  // namespace switchboard::sim
