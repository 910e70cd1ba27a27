// How the program writes numbers, and how it prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace switchboard::sim {

// 1234567 as "1,234,567".
std::string WithCommas(uint64_t number);
// A count and what it counts, in the plural unless it is one: "1 frame", "2,000 frames".
std::string Counted(uint64_t number, std::string_view noun);
// A whole number of seconds as "45 s", "12:30" or "1:02:03".
std::string ClockText(double seconds);

// A latency with three digits and the unit that suits it: "85.3 µs", "1.20 ms", "4.00 s".
std::string LatencyText(double ns);
// A rate with three digits: "950", "182k", "1.25M".
std::string RateText(double perSecond);
// A line of a table: a name, a count, and perhaps what there is to say about it.
std::string CountLine(std::string_view name, uint64_t count, std::string_view remark = {});
// A line of blocks, as high as the last `width` values are: "▁▃▇█".
std::string Sparkline(std::span<const double> values, size_t width);

// The first bytes in hex digits; "nothing" if there is none.
std::string HexOf(std::span<const std::byte> bytes);
// What stands where nothing was measured.
inline constexpr std::string_view kNoFigure = "–";

// Prints to the standard output at once; whether anybody reads it doesn't matter.
void Print(std::string_view text);
// The same for what is told meanwhile, at most PIPE_BUF bytes: waits for nobody. False, and nothing is printed, while
// the output takes nothing, as a full pipe or a terminal that was stopped.
bool PrintIfTaken(std::string_view text);

}  // namespace switchboard::sim
