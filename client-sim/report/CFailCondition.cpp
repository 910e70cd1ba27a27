#include "client-sim/report/CFailCondition.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "client-sim/base/Numbers.h"
#include "client-sim/client/CLedger.h"

namespace switchboard::sim {
namespace {

// The figures, and the counts of the ledger.
std::vector<std::string> Names() {
  std::vector<std::string> names{"throughput", "highest rate", "mean",   "p50", "p90",
                                 "p99",        "p99.9",        "p99.99", "max", "client cpu/request"};
  for (size_t i = 0; i < static_cast<size_t>(ECount::kCount); ++i) names.emplace_back(ToString(static_cast<ECount>(i)));
  return names;
}

bool IsCount(const std::string& name) {
  for (size_t i = 0; i < static_cast<size_t>(ECount::kCount); ++i) {
    if (ToString(static_cast<ECount>(i)) == name) return true;
  }
  return false;
}

}  // namespace

CFailCondition::CFailCondition(std::string name, bool isGrowth, double percent)
    : m_name(std::move(name)), m_isGrowth(isGrowth), m_percent(percent) {}

std::vector<CFailCondition> CFailCondition::List(const std::string& text) {
  std::vector<CFailCondition> list;
  const std::vector<std::string> names = Names();
  for (const std::string& entry : SplitAtCommas(text)) {
    const size_t sign = std::min(entry.find_first_of("<>"), entry.size());
    const std::string name = entry.substr(0, sign);
    if (sign == entry.size()) throw std::invalid_argument(fmt::format("'{}' is no condition such as p99>+10%", entry));
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string known;
      for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
      throw std::invalid_argument(fmt::format("'{}' is none of {}", name, known));
    }
    const bool isGrowth = entry[sign] == '>';
    const char* p_number = entry.data() + sign + 1;
    const char* p_end = entry.data() + entry.size();
    if (p_number != p_end && *p_number == '+') ++p_number;
    double percent = 0;
    const auto [p_rest, error] = std::from_chars(p_number, p_end, percent);
    const std::string_view unit(p_rest, static_cast<size_t>(p_end - p_rest));
    if (error != std::errc{} || unit != "%" || !std::isfinite(percent) || (isGrowth ? percent < 0 : percent > 0)) {
      throw std::invalid_argument(
          fmt::format("'{}': behind > stands a growth such as +10%, behind < a fall such as -5%", entry));
    }
    list.push_back(CFailCondition(name, isGrowth, percent));
  }
  return list;
}

std::string CFailCondition::Failure(const std::vector<SComparedRow>& rows) const {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [this](const SComparedRow& one) { return one.name == m_name; });
  if (row == rows.end()) return IsCount(m_name) ? "" : fmt::format("{} was not measured by both runs", m_name);
  if (!row->percent) return fmt::format("{} was not measured by both runs", m_name);
  if (m_isGrowth ? *row->percent <= m_percent : *row->percent >= m_percent) return "";
  const std::string change = row->change.empty() ? "from nothing" : row->change;
  return fmt::format("{}: {} → {} ({}), and the limit is {:+g} %", m_name, row->before, row->after, change, m_percent);
}

}  // namespace switchboard::sim
