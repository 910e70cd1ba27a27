#include "client-sim/base/Numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace switchboard::sim {
namespace {

using Unit = std::pair<std::string_view, double>;

// A number with one of the units, multiplied out; negative if it isn't one.
double WithUnit(const std::string& text, std::span<const Unit> units, double highest) {
  double number = 0;
  const char* p_end = text.data() + text.size();
  const auto [p_unit, error] = std::from_chars(text.data(), p_end, number);
  if (error != std::errc{} || !(number >= 0 && number <= highest)) return -1;
  const std::string_view name(p_unit, static_cast<size_t>(p_end - p_unit));
  const auto unit = std::find_if(units.begin(), units.end(), [name](const Unit& one) { return one.first == name; });
  return unit == units.end() ? -1 : number * unit->second;
}

}  // namespace

Nanoseconds Duration(const std::string& text) {
  constexpr Unit kUnits[]{{"", 1e9}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  const double ns = WithUnit(text, kUnits, 1e7);
  if (ns < 0) throw std::invalid_argument(fmt::format("'{}' is no time such as 500ms, 10s or 2m", text));
  return ToNanoseconds(ns);
}

double Rate(const std::string& text) {
  constexpr Unit kUnits[]{{"", 1}, {"k", 1e3}, {"M", 1e6}};
  const double rate = WithUnit(text, kUnits, 1e9);
  if (!(rate > 0 && rate <= 1e9)) throw std::invalid_argument(fmt::format("'{}' is no rate such as 500 or 20k", text));
  return rate;
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

}  // namespace switchboard::sim
