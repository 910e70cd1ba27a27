#pragma once

#include <string_view>

namespace switchboard {

// Whether `text` is `lower`, which is in small letters, in any mix of letters. ASCII only.
bool IsHttpName(std::string_view text, std::string_view lower);

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
