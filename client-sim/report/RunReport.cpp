#include "client-sim/report/RunReport.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <iterator>

#include "client-sim/base/Text.h"
#include "net/wire/Counters.h"

namespace switchboard::sim {
namespace {

constexpr std::array<double, 10> kPercents{50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 99.999, 100};

std::string Machine() {
  utsname name{};
  ::uname(&name);
  return fmt::format("{}, {} {}, {}, {}", name.nodename, name.sysname, name.release, name.machine,
                     Counted(static_cast<uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN))), "processor"));
}

std::string LoadOf(const SRunOptions& options) {
  const std::string arrivals = options.isPoisson ? ", random arrivals" : "";
  if (options.isFindMax) return "search for the highest rate" + arrivals;
  if (!options.steps.empty()) {
    std::string text;
    for (const double rate : options.steps)
      fmt::format_to(std::back_inserter(text), "{}{:g}", text.empty() ? "" : ", ", rate);
    return fmt::format("open loop: {} requests/s in turn{}", text, arrivals);
  }
  if (options.rate > 0) return fmt::format("open loop: {:g} requests/s{}", options.rate, arrivals);
  return "closed loop";
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

template <typename Value>
uint64_t Sum(const std::vector<std::pair<std::string, uint64_t>>& counts, const Value& words) {
  uint64_t sum = 0;
  for (const auto& [word, count] : counts) {
    if (std::find(words.begin(), words.end(), word) != words.end()) sum += count;
  }
  return sum;
}

}  // namespace

uint64_t SLatencies::At(double percent) const {
  const auto found = std::find_if(percentiles.begin(), percentiles.end(),
                                  [percent](const SPercentile& one) { return one.percent == percent; });
  return found == percentiles.end() ? 0 : found->ns;
}

SLatencies SLatencies::Of(const CHistogram& histogram, bool withBuckets) {
  SLatencies latencies{histogram.Count(), histogram.Mean(), histogram.Min(), histogram.Max(), {}, {}};
  if (latencies.count == 0) return latencies;
  for (const double percent : kPercents) latencies.percentiles.push_back({percent, histogram.ValueAt(percent)});
  if (withBuckets) {
    histogram.ForEach([&](uint64_t upperNs, uint64_t times) { latencies.buckets.emplace_back(upperNs, times); });
  }
  return latencies;
}

std::string SRunReport::Title() const {
  if (!label.empty()) return label;
  const auto server =
      std::find_if(parameters.begin(), parameters.end(), [](const auto& one) { return one.first == "server"; });
  return server == parameters.end() ? "a run" : server->second;
}

uint64_t SRunReport::Count(const std::string& word) const { return Sum(ledger, std::array{word}); }

uint64_t SRunReport::Faults() const {
  return Sum(ledger, std::array{ToString(ECount::kMismatched), ToString(ECount::kLost), ToString(ECount::kDuplicated),
                                ToString(ECount::kReordered), ToString(ECount::kUnasked)});
}

double SRunReport::CpuPerRequest() const {
  const uint64_t replies = Count(std::string(ToString(ECount::kReplied)));
  return replies == 0 ? 0 : cpuSeconds * 1e6 / static_cast<double>(replies);
}

SRunReport SRunReport::Of(const SRunResult& result) {
  SRunReport report;
  report.program = "client-sim " SWITCHBOARD_VERSION;
  report.finished = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  report.machine = Machine();
  report.parameters = ParametersOf(result.options);
  report.exitCode = result.exitCode;
  report.verdict = result.verdict;
  report.seconds = result.seconds;
  report.repliesInTime = result.repliesInTime;
  report.cpuSeconds = result.cpuSeconds;
  report.maxRate = result.maxRate;
  for (size_t i = 0; i < static_cast<size_t>(ECount::kCount); ++i) {
    const auto what = static_cast<ECount>(i);
    report.ledger.emplace_back(ToString(what), result.ledger.Get(what));
  }
  for (const auto& [reason, count] : result.ledger.RejectsByReason()) {
    report.rejects.emplace_back(RejectName(reason), count);
  }
  report.offenders = result.ledger.Offenders();
  report.latencies = SLatencies::Of(result.latencies, true);
  report.reconnects = SLatencies::Of(result.reconnectTimes, true);
  for (const SPhaseResult& phase : result.phases) {
    report.phases.push_back({std::string(ToString(phase.kind)), phase.name, phase.targetRate, phase.startSeconds,
                             phase.seconds, phase.sent, phase.replies, phase.repliesInTime, phase.rejects, phase.faults,
                             phase.inFlightAtReset, phase.unsent, phase.isObjectiveMet, phase.missed,
                             SLatencies::Of(phase.latencies, false)});
  }
  report.series = result.series;
  report.attacks = result.attacks;
  return report;
}

std::string_view ToString(EPhaseKind kind) {
  switch (kind) {
    case EPhaseKind::kWarmup:
      return "warm-up";
    case EPhaseKind::kLoad:
      return "load";
    case EPhaseKind::kStep:
      return "step";
    case EPhaseKind::kTrial:
      return "trial";
    case EPhaseKind::kBeforeAttack:
      return "before the attack";
    case EPhaseKind::kUnderAttack:
      return "under attack";
  }
  return "?";
}

std::vector<std::pair<std::string, std::string>> ParametersOf(const SRunOptions& options) {
  std::vector<std::pair<std::string, std::string>> list;
  const auto add = [&list](const char* name, std::string text) { list.emplace_back(name, std::move(text)); };
  const auto addTime = [&add](const char* name, Nanoseconds time) {
    if (time != Nanoseconds::zero()) add(name, fmt::format("{:g} s", SecondsOf(time)));
  };
  add("server", options.server);
  if (!options.sources.empty()) add("sources", Joined(options.sources));
  add("load", LoadOf(options));
  add("connections", WithCommas(options.connections));
  add("depth", (options.depth == 0 ? "no limit" : WithCommas(options.depth)) +
                   (options.scenario.empty() ? "" : ", or as the class says"));
  if (options.scenario.empty()) {
    std::vector<std::string> mix;
    for (const SMixEntry& entry : options.mix) mix.push_back(fmt::format("{}={}", entry.name, entry.weight));
    add("mix", Joined(mix));
    add("body", fmt::format("{} bytes", WithCommas(options.bodyBytes)));
  } else {
    add("scenario", options.scenario);
  }
  std::vector<std::string> objectives;
  for (const CObjective& objective : options.objectives) objectives.push_back(objective.Text());
  if (!objectives.empty()) add("objectives", Joined(objectives));
  addTime("warm-up", options.warmup);
  addTime("ramp", options.ramp);
  if (options.requests != 0) add("requests", WithCommas(options.requests));
  if (options.requests == 0) addTime("duration", options.duration);
  addTime("drain", options.drain);
  add("threads", fmt::format("{}{}", options.threads, options.isPinned ? ", pinned" : ""));
  if (options.isReconnecting) add("reconnect", "yes");
  if (options.isResetExpected) add("resets", "expected");
  if (options.isRejectAllowed) add("rejects", "allowed");
  if (!options.attacks.empty()) add("attacks", fmt::format("{} × {}", options.attackers, Joined(options.attacks)));
  add("seed", std::to_string(options.seed));
  return list;
}

}  // namespace switchboard::sim
