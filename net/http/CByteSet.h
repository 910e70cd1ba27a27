#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace switchboard {

// A set of bytes, for a look-up without branches.
// Threads: any.
class CByteSet {
 public:
  static constexpr std::string_view kAlphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  constexpr explicit CByteSet(std::string_view bytes, std::string_view more = {}) {
    for (const char c : bytes) m_has[static_cast<unsigned char>(c)] = true;
    for (const char c : more) m_has[static_cast<unsigned char>(c)] = true;
  }

  constexpr bool Has(char c) const { return m_has[static_cast<unsigned char>(c)]; }
  constexpr bool HoldsAllOf(std::string_view text) const {
    return std::all_of(text.begin(), text.end(), [this](char c) { return Has(c); });
  }

 private:
  std::array<bool, 256> m_has = {};
};

}  // namespace switchboard
