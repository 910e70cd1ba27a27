#include "client-sim/report/CReport.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>

#include "client-sim/base/Text.h"
#include "client-sim/report/RunReport.h"

namespace switchboard::sim {
namespace {

template <typename... Args>
void Append(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

double Ms(uint64_t ns) { return static_cast<double>(ns) / 1e6; }
std::string MsText(bool isMeasured, uint64_t ns) {
  return isMeasured ? fmt::format("{:8.3f} ms", Ms(ns)) : fmt::format("{:>8}   ", kNoFigure);
}
std::string Rate(double perSecond) { return WithCommas(static_cast<uint64_t>(std::llround(perSecond))); }

double Throughput(uint64_t replies, double seconds) { return seconds > 0 ? static_cast<double>(replies) / seconds : 0; }

void AppendCount(std::string& out, std::string_view name, uint64_t count, std::string_view remark = {}) {
  out += CountLine(name, count, remark);
}

void AppendTimes(std::string& out, std::string_view name, uint64_t ns, std::string_view remark = {}) {
  Append(out, "{:<20}{:>15.3f} ms{}{}\n", name, Ms(ns), remark.empty() ? "" : "   ", remark);
}

void AppendLedger(std::string& out, const CLedger& ledger) {
  const auto append = [&](ECount what, std::string_view remark = {}) {
    AppendCount(out, ToString(what), ledger.Get(what), remark);
  };
  append(ECount::kSent);
  append(ECount::kReplied);
  if (ledger.Get(ECount::kRefused) != 0) append(ECount::kRefused, "of the replies: a result other than 0");
  append(ECount::kRejected);
  for (const auto& [reason, count] : ledger.RejectsByReason()) AppendCount(out, "  " + RejectName(reason), count);
  for (const ECount what : {ECount::kOneWay, ECount::kInFlightAtReset}) {
    if (ledger.Get(what) != 0) append(what);
  }
  for (const ECount what :
       {ECount::kLost, ECount::kDuplicated, ECount::kMismatched, ECount::kReordered, ECount::kUnasked}) {
    append(what);
  }
  for (const ECount what : {ECount::kUnsent, ECount::kPushes, ECount::kGoAways, ECount::kReconnects,
                            ECount::kConnectFailures, ECount::kClosedByServer}) {
    if (ledger.Get(what) != 0) append(what);
  }
}

void AppendMeasures(std::string& out, const SRunResult& result) {
  AppendCount(out, "throughput", static_cast<uint64_t>(Throughput(result.repliesInTime, result.seconds)),
              fmt::format("replies/s in {:.2f} s", result.seconds));
  if (result.maxRate > 0) AppendCount(out, "highest rate", static_cast<uint64_t>(result.maxRate), "requests/s");
  constexpr std::array<std::pair<std::string_view, double>, 5> kPercentiles{
      {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}}};
  for (const auto& [name, percent] : kPercentiles) {
    if (result.latencies.Count() != 0) AppendTimes(out, name, result.latencies.ValueAt(percent));
    if (result.latencies.Count() == 0) Append(out, "{:<20}{:>15}\n", name, kNoFigure);
  }
  if (result.ledger.Get(ECount::kReplied) != 0) {
    Append(out, "{:<20}{:>15.3f} µs/request\n", "client cpu",
           result.cpuSeconds * 1e6 / static_cast<double>(result.ledger.Get(ECount::kReplied)));
  }
  const CHistogram& times = result.reconnectTimes;
  if (times.Count() != 0) {
    AppendTimes(out, "reconnect p50", times.ValueAt(50));
    AppendTimes(out, "reconnect max", times.Max(), "from the loss of a connection to the first byte on the next");
  }
}

void AppendPhases(std::string& out, const SRunResult& result) {
  if (result.phases.size() < 2) return;
  out += "\nphases:\n";
  for (const SPhaseResult& phase : result.phases) out += CReport::PhaseLine(phase);
}

void AppendAttacks(std::string& out, const SRunResult& result) {
  if (result.attacks.empty()) return;
  Append(out, "\n{:<16}{:>10}{:>12}{:>9}{:>9}{:>9}{:>9}{:>9}\n", "attackers of", "attackers", "connections", "refused",
         "closed", "reset", "left", "open");
  for (const SAttackOutcome& attack : result.attacks) {
    Append(out, "{:<16}{:>10}{:>12}{:>9}{:>9}{:>9}{:>9}{:>9}\n", attack.kind, WithCommas(attack.attackers),
           WithCommas(attack.connections), WithCommas(attack.connectFailures), WithCommas(attack.closedByServer),
           WithCommas(attack.resetByServer), WithCommas(attack.endedByAttacker), WithCommas(attack.stillOpen));
    for (const auto& [reason, count] : attack.rejectsByReason) {
      Append(out, "{:<16}{:>10} Rejects for {}\n", "", WithCommas(count), RejectName(reason));
    }
  }
  // The honest clients, with and without them.
  const auto phaseOf = [&](EPhaseKind kind) {
    return std::find_if(result.phases.begin(), result.phases.end(),
                        [kind](const SPhaseResult& phase) { return phase.kind == kind; });
  };
  const auto before = phaseOf(EPhaseKind::kBeforeAttack);
  const auto under = phaseOf(EPhaseKind::kUnderAttack);
  if (before != result.phases.end() && under != result.phases.end() && before->latencies.Count() != 0 &&
      under->latencies.Count() != 0) {
    const uint64_t calmNs = before->latencies.ValueAt(99);
    const uint64_t attackedNs = under->latencies.ValueAt(99);
    Append(out, "p99 of the honest clients: {:.3f} ms before, {:.3f} ms under attack (× {:.2f})\n", Ms(calmNs),
           Ms(attackedNs), static_cast<double>(attackedNs) / static_cast<double>(std::max<uint64_t>(calmNs, 1)));
  }
  out += "closed and reset: by the server; left: by the attacker himself; open: at the end of the attack.\n";
}

}  // namespace

std::string CReport::Heading(const SRunOptions& options) {
  std::string load;
  for (const auto& [name, text] : ParametersOf(options)) {
    const bool isOfLoad =
        name == "load" || name == "mix" || name == "scenario" || name == "objectives" || name == "attacks";
    if (isOfLoad) Append(load, ", {}", text);
  }
  // Each class of a scenario may have a depth of its own.
  const bool hasOneDepth = options.depth != 0 && options.scenario.empty();
  return fmt::format("client-sim: {}{} against {}{}\n", Counted(options.connections, "connection"),
                     hasOneDepth ? fmt::format(" × depth {}", options.depth) : "", options.server, load);
}

std::string CReport::LiveLine(const SSecond& second, const CLedger& totals) {
  const auto ms = [&second](uint64_t ns) { return MsText(second.IsMeasured(), ns); };
  return fmt::format("{:6.0f} s {:>11}/s   p50 {}   p99 {}   max {}   rejects {}   faults {}\n", second.at,
                     Rate(Throughput(second.replies, second.length)), ms(second.p50Ns), ms(second.p99Ns),
                     ms(second.maxNs), WithCommas(totals.Get(ECount::kRejected)), WithCommas(totals.Faults()));
}

std::string CReport::PhaseLine(const SPhaseResult& phase) {
  const auto ms = [&phase](double percent) {
    return MsText(phase.latencies.Count() != 0, phase.latencies.ValueAt(percent));
  };
  std::string line = fmt::format("  {:<18}{:>11}/s   p50 {}   p99 {}   max {}", phase.name,
                                 Rate(Throughput(phase.repliesInTime, phase.seconds)), ms(50), ms(99), ms(100));
  if (phase.rejects != 0) Append(line, "   rejects {}", WithCommas(phase.rejects));
  if (phase.faults != 0) Append(line, "   faults {}", WithCommas(phase.faults));
  if (phase.unsent != 0) Append(line, "   unsent {}", WithCommas(phase.unsent));
  if (phase.isObjectiveMet) line += *phase.isObjectiveMet ? "   met" : "   missed: " + phase.missed;
  return line + "\n";
}

std::string CReport::Table(const SRunResult& result) {
  std::string out = "\n";
  AppendLedger(out, result.ledger);
  AppendMeasures(out, result);
  AppendPhases(out, result);
  AppendAttacks(out, result);
  if (!result.ledger.Offenders().empty()) out += "\nthe first offenders:\n";
  for (const std::string& offender : result.ledger.Offenders()) Append(out, "  {}\n", offender);
  return out;
}

}  // namespace switchboard::sim
