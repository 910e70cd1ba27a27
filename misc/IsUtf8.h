#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchboard {

// True for well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
// Source: The Unicode Standard 15.0, table 3-7.
constexpr bool IsUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const auto byteAt = [&](size_t offset) { return static_cast<uint8_t>(text[at + offset]); };
    const uint8_t lead = byteAt(0);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    if (lead < 0xC2 || lead > 0xF4) return false;
    const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.size() - at < length) return false;
    // The second byte alone tells overlong forms, surrogates and too large values apart from good ones.
    const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byteAt(1) < low || byteAt(1) > high) return false;
    for (size_t offset = 2; offset < length; ++offset) {
      if ((byteAt(offset) & 0xC0) != 0x80) return false;
    }
    at += length;
  }
  return true;
}

}  // namespace switchboard
