#include "client-sim/options/CObjective.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "client-sim/base/Numbers.h"
#include "client-sim/base/Text.h"

namespace switchboard::sim {

std::vector<CObjective> CObjective::List(const std::string& text) {
  std::vector<CObjective> list;
  for (const std::string& entry : SplitAtCommas(text)) {
    const size_t equals = std::min(entry.find('='), entry.size());
    double percent = 0;
    const char* p_end = entry.data() + equals;
    if (equals == entry.size() || entry.front() != 'p') {
      throw std::invalid_argument(fmt::format("'{}' is no objective such as p99=5ms", entry));
    }
    const auto [p_rest, error] = std::from_chars(entry.data() + 1, p_end, percent);
    if (error != std::errc{} || p_rest != p_end || !(percent > 0 && percent <= 100)) {
      throw std::invalid_argument(fmt::format("'{}' has no percentile over 0 and up to 100", entry));
    }
    const Nanoseconds limit = Duration(entry.substr(equals + 1));
    if (limit == Nanoseconds::zero()) throw std::invalid_argument(fmt::format("'{}' can't be met", entry));
    list.emplace_back(percent, limit);
  }
  return list;
}

bool CObjective::IsMet(const CHistogram& latencies, uint64_t failures) const {
  const uint64_t total = latencies.Count() + failures;
  if (total == 0) return false;
  const double wanted = m_percent / 100.0 * static_cast<double>(total) * (1.0 - 1e-12);
  return static_cast<double>(latencies.CountUpTo(static_cast<uint64_t>(m_limit.count()))) >= wanted;
}

std::string CObjective::Miss(const CHistogram& latencies, uint64_t failures) const {
  const uint64_t total = latencies.Count() + failures;
  if (total == 0) return fmt::format("p{:g} is unknown: nothing was answered", m_percent);
  const double wanted = m_percent / 100.0 * static_cast<double>(total);
  const auto answered = static_cast<double>(latencies.Count());
  if (answered < wanted * (1.0 - 1e-12)) {
    return fmt::format("p{:g} is beyond any time: {} of {} requests were never rightly answered", m_percent,
                       WithCommas(failures), WithCommas(total));
  }
  const auto ns = static_cast<double>(latencies.ValueAt(wanted / answered * 100.0));
  const auto limit = static_cast<double>(m_limit.count());
  constexpr double kManyTimes = 10;
  if (ns >= kManyTimes * limit) {
    return fmt::format("p{:g} is {}, {} times {}", m_percent, LatencyText(ns),
                       WithCommas(static_cast<uint64_t>(ns / limit)), LatencyText(limit));
  }
  const double over = (ns - limit) / limit * 100;
  const std::string percent = over < 100 ? fmt::format("{:.2g}", over) : WithCommas(static_cast<uint64_t>(over));
  return fmt::format("p{:g} is {}, {} % over {}", m_percent, LatencyText(ns), percent, LatencyText(limit));
}

std::string CObjective::Text() const { return fmt::format("p{:g} ≤ {:g} ms", m_percent, SecondsOf(m_limit) * 1e3); }

}  // namespace switchboard::sim
