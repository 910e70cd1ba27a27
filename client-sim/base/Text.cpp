#include "client-sim/base/Text.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace switchboard::sim {
namespace {

std::string ThreeDigits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  return value < 99.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

}  // namespace

std::string WithCommas(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string Counted(uint64_t number, std::string_view noun) {
  if (number == 1) return fmt::format("1 {}", noun);
  const bool endsInY = noun.ends_with('y');
  return fmt::format("{} {}{}", WithCommas(number), noun.substr(0, noun.size() - (endsInY ? 1 : 0)),
                     endsInY ? "ies" : "s");
}

std::string ClockText(double seconds) {
  const auto whole = static_cast<uint64_t>(std::llround(std::clamp(seconds, 0.0, 1e9)));
  if (whole < 100) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string LatencyText(double ns) {
  if (ns < 999.5) return fmt::format("{:.0f} ns", ns);
  if (ns < 999.5e3) return ThreeDigits(ns / 1e3) + " µs";
  if (ns < 999.5e6) return ThreeDigits(ns / 1e6) + " ms";
  return ThreeDigits(ns / 1e9) + " s";
}

std::string RateText(double perSecond) {
  if (perSecond < 999.5) return fmt::format("{:.3g}", perSecond);
  if (perSecond < 999.5e3) return fmt::format("{:.3g}k", perSecond / 1e3);
  return fmt::format("{:.3g}M", perSecond / 1e6);
}

std::string CountLine(std::string_view name, uint64_t count, std::string_view remark) {
  return fmt::format("{:<20}{:>15}{}{}\n", name, WithCommas(count), remark.empty() ? "" : "   ", remark);
}

std::string Sparkline(std::span<const double> values, size_t width) {
  constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto last = values.last(std::min(values.size(), width));
  const double highest = last.empty() ? 0 : *std::max_element(last.begin(), last.end());
  std::string line;
  for (const double value : last) {
    const double height = highest > 0 ? std::max(value, 0.0) / highest : 0;
    line += kBlocks[static_cast<size_t>(std::llround(height * (kBlocks.size() - 1)))];
  }
  return line;
}

std::string HexOf(std::span<const std::byte> bytes) {
  constexpr size_t kShown = 8;
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), kShown))) {
    text += fmt::format("{:02x}", std::to_integer<int>(byte));
  }
  return text.empty() ? "nothing" : text;
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool PrintIfTaken(std::string_view text) {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  if (::poll(&output, 1, 0) <= 0) return false;
  Print(text);
  return true;
}

}  // namespace switchboard::sim
