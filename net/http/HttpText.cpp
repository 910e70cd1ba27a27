#include "net/http/HttpText.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "misc/CByteSet.h"

namespace switchboard {

namespace {

constexpr CByteSet kTokenBytes("!#$%&'*+-.^_`|~", CByteSet::kAlphanumeric);
constexpr CByteSet kUnreservedBytes("-._~", CByteSet::kAlphanumeric);

}  // namespace

bool IsSameHttpName(std::string_view text, std::string_view lower) {
  const auto isSame = [](char c, char small) { return c == small || (c >= 'A' && c <= 'Z' && (c | 0x20) == small); };
  return std::equal(text.begin(), text.end(), lower.begin(), isSame);
}

size_t CountHttpLineBytes(std::string_view text) {
  // Eight at a time: the top bit of a byte tells that it is below 0x20 or is 0x7f. The subtraction borrows from a byte
  // only where a lower one is of that kind, so the lowest bit that is set is right.
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kTops = 0x8080808080808080;
  size_t at = 0;
  while (std::endian::native == std::endian::little && text.size() - at >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const uint64_t isDelete = word ^ (kOnes * 0x7f);
    const uint64_t odd = (((word - kOnes * 0x20) & ~word) | ((isDelete - kOnes) & ~isDelete)) & kTops;
    if (odd == 0) {
      at += sizeof(word);
      continue;
    }
    at += static_cast<size_t>(std::countr_zero(odd)) / 8;
    if (text[at] != '\t') return at;
    ++at;
  }
  while (at < text.size() && IsHttpLineByte(text[at])) ++at;
  return at;
}

bool IsHttpTokenByte(char c) { return kTokenBytes.Has(c); }
bool IsHttpToken(std::string_view text) { return !text.empty() && kTokenBytes.HoldsAllOf(text); }

bool IsHttpFieldValue(std::string_view text) { return std::all_of(text.begin(), text.end(), IsHttpLineByte); }

bool IsServersHttpField(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames = {"connection", "content-length", "content-type", "date",
                                                             "transfer-encoding"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view own) { return IsHttpName(name, own); });
}

bool IsUriUnreserved(char c) { return kUnreservedBytes.Has(c); }

int UriUnescape(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = HexDigit(text[1]);
  const int low = HexDigit(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool CHttpList::Next(std::string_view& item) {
  if (m_isAtEnd) return false;
  const size_t comma = m_rest.find(',');
  item = TrimBlanks(m_rest.substr(0, comma));
  m_isAtEnd = comma == std::string_view::npos;
  if (!m_isAtEnd) m_rest.remove_prefix(comma + 1);
  return true;
}

}  // namespace switchboard
