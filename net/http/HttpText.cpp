#include "net/http/HttpText.h"

#include <algorithm>

#include "net/http/CByteSet.h"

namespace switchboard {

namespace {

constexpr CByteSet kTokenBytes("!#$%&'*+-.^_`|~", CByteSet::kAlphanumeric);
constexpr CByteSet kUnreservedBytes("-._~", CByteSet::kAlphanumeric);

}  // namespace

bool IsHttpName(std::string_view text, std::string_view lower) {
  const auto isSame = [](char c, char small) { return c == small || (c >= 'A' && c <= 'Z' && (c | 0x20) == small); };
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), isSame);
}

bool IsHttpTokenByte(char c) { return kTokenBytes.Has(c); }
bool IsHttpToken(std::string_view text) { return !text.empty() && kTokenBytes.HoldsAllOf(text); }

bool IsHttpLineByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}
bool IsHttpFieldValue(std::string_view text) { return std::all_of(text.begin(), text.end(), IsHttpLineByte); }

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
