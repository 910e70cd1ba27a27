#pragma once

#include <string_view>

namespace switchboard {

// What RFC 9110 and RFC 3986 allow where; the one place for it. ASCII only. Threads: any.

// Whether `text` is `lower`, which is in small letters, in any mix of letters.
bool IsSameHttpName(std::string_view text, std::string_view lower);
inline bool IsHttpName(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && IsSameHttpName(text, lower);
}

// A byte of a token, and a token: a method, the name of a header field (RFC 9110 §5.6.2).
bool IsHttpTokenByte(char c);
bool IsHttpToken(std::string_view text);
// What may stand in a line: no control byte but the tab (RFC 9110 §5.5).
inline bool IsHttpLineByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}
// How many bytes at the front of `text` may stand in a line.
size_t CountHttpLineBytes(std::string_view text);
bool IsHttpFieldValue(std::string_view text);
// The name of a header field, in any mix of letters, that the server writes into every answer itself where it belongs:
// nobody else gives one.
bool IsServersHttpField(std::string_view name);

// RFC 3986 §2.3: what means itself in every part of a URI.
bool IsUriUnreserved(char c);
// The byte that an escape "%hh" at the front of `text` stands for; -1 if it is none.
int UriUnescape(std::string_view text);
// 0 … 15; -1 if it is no hexadecimal digit.
int HexDigit(char c);

// `text` without blanks and tabs at its ends.
std::string_view TrimBlanks(std::string_view text);

// Takes the first item off a list at commas, without the blanks around it; quotes mean nothing here. False, when
// nothing is left: a list of one empty item is the empty text.
// Threads: one owner at a time.
class CHttpList {
 public:
  explicit CHttpList(std::string_view list) : m_rest(list) {}
  bool Next(std::string_view& item);

 private:
  std::string_view m_rest;
  bool m_isAtEnd = false;
};

}  // namespace switchboard
