#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace switchboard {

// HTTP dates (RFC 9110 §5.6.7). Times are whole seconds of the wall clock since 1970-01-01 00:00 UTC.
// Threads: any.
class CHttpDate {
 public:
  static constexpr size_t kBytes = 29;
  using Text = std::array<char, kBytes>;

  // "Sun, 06 Nov 1994 08:49:37 GMT". Times beyond the years 0 … 9999 become the nearest one that has a text.
  static Text Format(int64_t seconds);
  // Reads the three forms that exist: that one, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
  // The day of the week must be a name of one, and isn't compared with the date. A year of two digits is the one that
  // lies at most 50 years after `now`.
  static std::optional<int64_t> Parse(std::string_view text, int64_t now);
};

}  // namespace switchboard
