#include "client-sim/report/CCompare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>

#include "client-sim/base/Text.h"

namespace switchboard::sim {
namespace {

constexpr size_t kNameColumns = 20;
constexpr size_t kColumns = 22;

enum class EGood : uint8_t { kMore, kLess, kNeither };

// Nothing: it was not measured.
using Figure = std::optional<double>;

SComparedRow Row(std::string name, Figure before, Figure after, EGood good, std::string (*text)(double)) {
  const auto textOf = [text](Figure figure) { return figure ? text(*figure) : std::string(kNoFigure); };
  SComparedRow row{std::move(name), textOf(before), textOf(after), "", std::nullopt, EJudgement::kNone};
  if (!before || !after) return row;
  if (*before == *after) {
    row.change = "same";
    row.percent = 0;
    return row;
  }
  row.percent = *before > 0 ? (*after - *before) / *before * 100 : std::numeric_limits<double>::infinity();
  if (*before > 0) row.change = fmt::format("{:+.1f} %", *row.percent);
  const bool isNoise = *before > 0 && std::abs(*after - *before) <= CCompare::kNoise * *before;
  if (good == EGood::kNeither || isNoise) return row;
  row.judgement = (*after > *before) == (good == EGood::kMore) ? EJudgement::kBetter : EJudgement::kWorse;
  return row;
}

std::string CountText(double count) { return WithCommas(static_cast<uint64_t>(std::llround(count))); }
std::string PerSecondText(double rate) { return CountText(rate) + "/s"; }
std::string CpuText(double microseconds) { return fmt::format("{:.3f} µs", microseconds); }

std::string Padded(std::string_view text, size_t columns) {
  // UTF-8's continuation bytes take no column.
  const auto width = static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  return std::string(columns > width ? columns - width : 0, ' ') + std::string(text);
}

std::vector<double> Rates(const SRunReport& report) {
  std::vector<double> rates;
  for (const SSecond& second : report.series) {
    if (second.length > 0) rates.push_back(static_cast<double>(second.replies) / second.length);
  }
  return rates;
}

std::string TextOf(const SRunReport& report, const std::string& parameter) {
  const auto found = std::find_if(report.parameters.begin(), report.parameters.end(),
                                  [&](const auto& one) { return one.first == parameter; });
  return found == report.parameters.end() ? "" : found->second;
}

std::string_view Or(const std::string& text) { return text.empty() ? std::string_view("–") : text; }

void AppendRow(std::string& out, const SComparedRow& row) {
  constexpr std::string_view kWords[]{"", "better", "worse"};
  fmt::format_to(std::back_inserter(out), "{:<{}}{}{}{:>12}  {}\n", row.name, kNameColumns,
                 Padded(row.before, kColumns), Padded(row.after, kColumns), row.change,
                 kWords[static_cast<size_t>(row.judgement)]);
}

}  // namespace

std::vector<SComparedRow> CCompare::Rows(const SRunReport& before, const SRunReport& after) {
  std::vector<SComparedRow> rows;
  rows.push_back(Row("throughput", before.Throughput(), after.Throughput(), EGood::kMore, PerSecondText));
  if (before.maxRate > 0 && after.maxRate > 0) {
    rows.push_back(Row("highest rate", before.maxRate, after.maxRate, EGood::kMore, PerSecondText));
  }
  const auto add = [&](std::string name, double left, double right) {
    rows.push_back(Row(std::move(name), before.latencies.IsMeasured() ? Figure(left) : std::nullopt,
                       after.latencies.IsMeasured() ? Figure(right) : std::nullopt, EGood::kLess, LatencyText));
  };
  add("mean", before.latencies.meanNs, after.latencies.meanNs);
  for (const double percent : {50.0, 90.0, 99.0, 99.9, 99.99}) {
    add(fmt::format("p{:g}", percent), static_cast<double>(before.latencies.At(percent)),
        static_cast<double>(after.latencies.At(percent)));
  }
  add("max", static_cast<double>(before.latencies.maxNs), static_cast<double>(after.latencies.maxNs));
  const auto cpuOf = [](const SRunReport& report) {
    return report.Count(std::string(ToString(ECount::kReplied))) != 0 ? Figure(report.CpuPerRequest()) : std::nullopt;
  };
  rows.push_back(Row("client cpu/request", cpuOf(before), cpuOf(after), EGood::kNeither, CpuText));
  for (const auto& [word, count] : after.ledger) {
    const uint64_t was = before.Count(word);
    if (was == 0 && count == 0) continue;
    const bool isVolume = word == ToString(ECount::kSent) || word == ToString(ECount::kReplied) ||
                          word == ToString(ECount::kOneWay) || word == ToString(ECount::kPushes);
    rows.push_back(Row(word, static_cast<double>(was), static_cast<double>(count),
                       isVolume ? EGood::kNeither : EGood::kLess, CountText));
  }
  return rows;
}

std::vector<SComparedRow> CCompare::Differences(const SRunReport& before, const SRunReport& after) {
  std::vector<SComparedRow> rows;
  const auto add = [&](const std::string& name) {
    const std::string left = TextOf(before, name);
    const std::string right = TextOf(after, name);
    if (left != right && name != "seed") rows.push_back({name, left, right, "", std::nullopt, EJudgement::kNone});
  };
  for (const auto& [name, text] : before.parameters) add(name);
  for (const auto& [name, text] : after.parameters) {
    if (TextOf(before, name).empty()) add(name);
  }
  return rows;
}

std::string CCompare::Text(const SRunReport& before, const SRunReport& after) {
  std::string out = fmt::format("{:<{}}{}{}{:>12}\n", "", kNameColumns, Padded(before.Title(), kColumns),
                                Padded(after.Title(), kColumns), "change");
  for (const SComparedRow& row : Rows(before, after)) AppendRow(out, row);
  const std::string left = Sparkline(Rates(before), kColumns - 2);
  const std::string right = Sparkline(Rates(after), kColumns - 2);
  fmt::format_to(std::back_inserter(out), "{:<{}}{}{}\n", "the last seconds", kNameColumns, Padded(left, kColumns),
                 Padded(right, kColumns));
  const std::vector<SComparedRow> differences = Differences(before, after);
  if (differences.empty()) return out + "\nBoth runs had the same parameters.\n";
  out += "\nwhat was asked for:\n";
  for (const SComparedRow& row : differences) {
    fmt::format_to(std::back_inserter(out), "{:<{}}{} → {}\n", row.name, kNameColumns, Or(row.before), Or(row.after));
  }
  return out;
}

}  // namespace switchboard::sim
