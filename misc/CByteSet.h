#pragma once

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

  static constexpr CByteSet AllBut(std::string_view bytes) {
    CByteSet set("");
    set.m_has.fill(true);
    for (const char c : bytes) set.m_has[static_cast<unsigned char>(c)] = false;
    return set;
  }

  constexpr bool Has(char c) const { return m_has[static_cast<unsigned char>(c)]; }
  constexpr bool HoldsAllOf(std::string_view text) const {
    for (const char c : text) {
      if (!Has(c)) return false;
    }
    return true;
  }

 private:
  std::array<bool, 256> m_has = {};
};

}  // namespace switchboard
