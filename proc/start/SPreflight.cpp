#include "proc/start/SPreflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace switchboard {

namespace {

// The characters, not the bytes: "×" has two bytes.
size_t WidthOf(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Padding(const std::string& text, size_t width) {
  return std::string(width - std::min(width, WidthOf(text)), ' ');
}

}  // namespace

std::string SPreflight::ToString() const {
  std::array<size_t, 3> widths{};
  for (const SRow& row : table) {
    widths = {std::max(widths[0], WidthOf(row.what)), std::max(widths[1], WidthOf(row.terms)),
              std::max(widths[2], WidthOf(row.result))};
  }
  std::string text;
  for (const SRow& row : table) {
    text += fmt::format("{}{}  {}{}  {}{}\n", row.what, Padding(row.what, widths[0]), Padding(row.terms, widths[1]),
                        row.terms, Padding(row.result, widths[2]), row.result);
  }
  for (const std::string& line : doubtful) text += "doubtful: " + line + "\n";
  return text;
}

}  // namespace switchboard
