#include "client-sim/report/RunCharts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

#include "client-sim/base/Text.h"
#include "client-sim/report/CSvgChart.h"

namespace switchboard::sim {
namespace {

using Points = std::vector<std::pair<double, double>>;
using ValueOf = std::function<double(const SSecond&)>;

constexpr double kRarest = 1e5;  // 99.999 %
// The last piece of a phase is shorter than a second; one that is much shorter tells more noise than rate.
constexpr double kShortest = 0.25;

double RateOf(uint64_t count, const SSecond& second) { return static_cast<double>(count) / second.length; }
double Replies(const SSecond& second) { return RateOf(second.replies, second); }
double Rejects(const SSecond& second) { return RateOf(second.rejects, second); }
double Faults(const SSecond& second) { return RateOf(second.faults, second); }
double Target(const SSecond& second) { return second.targetRate; }

std::vector<SSecond> LongEnough(const SRunReport& report) {
  std::vector<SSecond> seconds;
  for (const SSecond& second : report.series) {
    if (second.length >= kShortest || report.series.size() == 1) seconds.push_back(second);
  }
  return seconds;
}

std::string SecondsText(double seconds) { return seconds < 10 ? fmt::format("{:g} s", seconds) : ClockText(seconds); }

// Round values only.
std::string LatencyTick(double ns) {
  if (ns < 999) return fmt::format("{:g} ns", ns);
  if (ns < 999e3) return fmt::format("{:g} µs", ns / 1e3);
  return ns < 999e6 ? fmt::format("{:g} ms", ns / 1e6) : fmt::format("{:g} s", ns / 1e9);
}

// A value at the end of each second, and at the beginning of each phase.
Points PointsOf(const std::vector<SSecond>& seconds, const ValueOf& valueOf, bool withZero) {
  Points points;
  size_t phase = 0;
  for (const SSecond& second : seconds) {
    const double value = valueOf(second);
    if (value <= 0 && !withZero) continue;
    if (points.empty() || second.phase != phase) points.emplace_back(second.at - second.length, value);
    phase = second.phase;
    points.emplace_back(second.at, value);
  }
  return points;
}

double Highest(const Points& points) {
  double highest = 0;
  for (const auto& [x, y] : points) highest = std::max(highest, y);
  return highest;
}

SAxis TimeAxis(const std::vector<SDrawnRun>& runs) {
  double end = 0;
  for (const SDrawnRun& run : runs) {
    for (const SSecond& second : run.report.series) end = std::max(end, second.at);
  }
  SAxis axis = SAxis::Linear(end, SecondsText);
  axis.highest = std::max(end, 1e-3);
  std::erase_if(axis.ticks, [&](const auto& tick) { return tick.first > axis.highest; });
  return axis;
}

void AddPhases(CSvgChart& chart, const SRunReport& report) {
  if (report.phases.size() < 2) return;
  for (size_t i = 0; i < report.phases.size(); ++i) {
    const SPhaseReport& phase = report.phases[i];
    const bool isBad = phase.kind == ToString(EPhaseKind::kUnderAttack);
    const char* p_class = i % 2 == 0 ? "even" : "odd";
    chart.AddBand(phase.startSeconds, phase.startSeconds + phase.seconds, phase.name, isBad ? "bad" : p_class);
  }
}

std::vector<std::string> SecondLines(const SSecond& second) {
  std::vector<std::string> lines{fmt::format("{:.1f} s", second.at),
                                 fmt::format("{} replies/s", RateText(Replies(second)))};
  if (second.targetRate > 0) lines.push_back(fmt::format("{} asked for", RateText(second.targetRate)));
  if (second.rejects != 0) lines.push_back(fmt::format("{} rejects/s", RateText(Rejects(second))));
  if (second.faults != 0) lines.push_back(fmt::format("{} faults/s", RateText(Faults(second))));
  lines.push_back(Counted(second.connections, "connection"));
  return lines;
}

std::vector<std::string> LatencyLines(const SSecond& second) {
  if (!second.IsMeasured()) return {fmt::format("{:.1f} s", second.at), "no replies"};
  return {fmt::format("{:.1f} s", second.at), "p50 " + LatencyText(static_cast<double>(second.p50Ns)),
          "p90 " + LatencyText(static_cast<double>(second.p90Ns)),
          "p99 " + LatencyText(static_cast<double>(second.p99Ns)),
          "max " + LatencyText(static_cast<double>(second.maxNs))};
}

// How rare what is slower than a bucket is, and the latency of that bucket.
Points PercentilePoints(const SLatencies& latencies, double rarest) {
  Points points;
  uint64_t seen = 0;
  for (const auto& [upperNs, count] : latencies.buckets) {
    const auto ns = static_cast<double>(std::clamp(upperNs, latencies.minNs, latencies.maxNs));
    if (points.empty()) points.emplace_back(1, static_cast<double>(latencies.minNs));
    seen += count;
    const uint64_t slower = latencies.count > seen ? latencies.count - seen : 0;
    const double rarity =
        slower == 0 ? rarest : std::min(static_cast<double>(latencies.count) / static_cast<double>(slower), rarest);
    points.emplace_back(rarity, ns);
    if (rarity >= rarest) break;
  }
  return points;
}

void AddAll(CSvgChart& chart, std::vector<CSvgChart::SSeries> series) {
  for (CSvgChart::SSeries& one : series) chart.Add(std::move(one));
}

// A logarithmic axis of latencies around all points.
SAxis LatencyAxis(const std::vector<CSvgChart::SSeries>& series) {
  double lowest = 1e18;
  double highest = 1;
  for (const CSvgChart::SSeries& one : series) {
    for (const auto& [x, y] : one.points) lowest = std::min(lowest, std::max(y, 1.0));
    highest = std::max(highest, Highest(one.points));
  }
  return SAxis::Log(std::min(lowest * 0.8, highest), highest * 1.15, LatencyTick);
}

bool IsEmpty(const std::vector<CSvgChart::SSeries>& series) {
  return std::all_of(series.begin(), series.end(), [](const auto& one) { return one.points.empty(); });
}

}  // namespace

std::string ThroughputChart(const std::vector<SDrawnRun>& runs) {
  const bool isAlone = runs.size() == 1;
  std::vector<CSvgChart::SSeries> series;
  for (const SDrawnRun& run : runs) {
    const auto seconds = LongEnough(run.report);
    series.push_back(
        {isAlone ? "replies/s" : run.report.Title(), run.cssClass, PointsOf(seconds, Replies, true), isAlone});
    if (!isAlone) continue;
    const std::array<CSvgChart::SSeries, 3> more{{{"asked for", "soft", PointsOf(seconds, Target, false), false},
                                                  {"rejects/s", "orange", PointsOf(seconds, Rejects, true), false},
                                                  {"faults/s", "red", PointsOf(seconds, Faults, true), false}}};
    for (const CSvgChart::SSeries& one : more) {
      if (Highest(one.points) > 0) series.push_back(one);
    }
  }
  if (IsEmpty(series)) return "";
  double highest = 0;
  for (const CSvgChart::SSeries& one : series) highest = std::max(highest, Highest(one.points));
  CSvgChart chart("Throughput", TimeAxis(runs), SAxis::Linear(highest, RateText));
  AddAll(chart, std::move(series));
  if (isAlone) AddPhases(chart, runs[0].report);
  for (const SSecond& second : LongEnough(runs[0].report)) {
    if (isAlone) chart.AddHover(second.at, SecondLines(second));
  }
  return chart.Svg();
}

std::string LatencyChart(const std::vector<SDrawnRun>& runs) {
  const bool isAlone = runs.size() == 1;
  const auto p99 = [](const SSecond& second) { return static_cast<double>(second.p99Ns); };
  std::vector<CSvgChart::SSeries> series;
  for (const SDrawnRun& run : runs) {
    const auto seconds = LongEnough(run.report);
    if (!isAlone) {
      series.push_back({run.report.Title(), run.cssClass, PointsOf(seconds, p99, false), false});
      continue;
    }
    const auto add = [&](const char* name, const char* cssClass, uint64_t SSecond::*p_value) {
      const auto valueOf = [p_value](const SSecond& second) { return static_cast<double>(second.*p_value); };
      series.push_back({name, cssClass, PointsOf(seconds, valueOf, false), false});
    };
    add("max", "orange", &SSecond::maxNs);
    add("p99", "violet", &SSecond::p99Ns);
    add("p90", "blue", &SSecond::p90Ns);
    add("p50", "green", &SSecond::p50Ns);
  }
  if (IsEmpty(series)) return "";
  CSvgChart chart(isAlone ? "Latency over time" : "p99 over time", TimeAxis(runs), LatencyAxis(series));
  AddAll(chart, std::move(series));
  if (!isAlone) return chart.Svg();
  AddPhases(chart, runs[0].report);
  for (const SSecond& second : LongEnough(runs[0].report)) chart.AddHover(second.at, LatencyLines(second));
  return chart.Svg();
}

std::string PercentileChart(const std::vector<SDrawnRun>& runs) {
  uint64_t count = 0;
  for (const SDrawnRun& run : runs) count = std::max(count, run.report.latencies.count);
  const double rarest = std::clamp(static_cast<double>(count), 100.0, kRarest);
  std::vector<CSvgChart::SSeries> series;
  for (const SDrawnRun& run : runs) {
    const bool isAlone = runs.size() == 1;
    series.push_back({isAlone ? WithCommas(count) + " replies" : run.report.Title(), run.cssClass,
                      PercentilePoints(run.report.latencies, rarest), isAlone});
  }
  if (IsEmpty(series)) return "";
  CSvgChart chart("Latency by percentile", SAxis::Percentiles(rarest), LatencyAxis(series));
  AddAll(chart, std::move(series));
  for (const SPercentile& one : runs[0].report.latencies.percentiles) {
    const double rarity = one.percent < 100 ? 100 / (100 - one.percent) : rarest;
    if (rarity > rarest * (1 + 1e-9)) continue;
    std::vector<std::string> lines{one.percent < 100 ? fmt::format("{:g} %", one.percent) : "max"};
    for (const SDrawnRun& run : runs) {
      const std::string label = runs.size() == 1 ? "" : run.report.Title() + ": ";
      lines.push_back(label + LatencyText(static_cast<double>(run.report.latencies.At(one.percent))));
    }
    chart.AddHover(rarity, std::move(lines));
  }
  return chart.Svg();
}

}  // namespace switchboard::sim
