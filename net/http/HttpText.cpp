#include "net/http/HttpText.h"

#include <algorithm>

namespace switchboard {

bool IsHttpName(std::string_view text, std::string_view lower) {
  const auto isSame = [](char c, char small) { return c == small || (c >= 'A' && c <= 'Z' && (c | 0x20) == small); };
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), isSame);
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
