#include "client-sim/report/CHtmlReport.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string_view>
#include <vector>

#include "client-sim/base/Text.h"
#include "client-sim/report/CCompare.h"
#include "client-sim/report/CSvgChart.h"
#include "client-sim/report/HtmlStyle.h"
#include "client-sim/report/RunCharts.h"

namespace switchboard::sim {
namespace {

template <typename... Args>
void Append(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

std::string Rate(double perSecond) { return WithCommas(static_cast<uint64_t>(std::llround(perSecond))); }
std::string Ns(const SLatencies& latencies, uint64_t ns) {
  return latencies.IsMeasured() ? LatencyText(static_cast<double>(ns)) : std::string(kNoFigure);
}

std::string Begin(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><title>{}</title><style>{}</style></head>\n<body><main>\n",
      EscapeHtml(title), kHtmlStyle);
}

constexpr const char* kEnd = "</main></body></html>\n";

void AppendTile(std::string& out, std::string_view name, const std::string& value, const std::string& remark = {}) {
  Append(out, "<div class=\"tile\"><small>{}</small><b>{}</b>", name, EscapeHtml(value));
  if (!remark.empty()) Append(out, "<small>{}</small>", EscapeHtml(remark));
  out += "</div>\n";
}

void AppendVerdict(std::string& out, const SRunReport& report) {
  if (report.exitCode == 0) {
    std::string text = "Every request was answered: rightly, once, and in order";
    if (report.Count(std::string(ToString(ECount::kInFlightAtReset))) != 0) {
      text = "Nothing was lost but what was in flight at a reset, as expected";
    }
    const uint64_t rejects = report.Count(std::string(ToString(ECount::kRejected)));
    if (rejects != 0) text += fmt::format("; but for {} that were rejected, as allowed", WithCommas(rejects));
    Append(out, "<div class=\"verdict good\">✓ {}</div>\n", text);
    return;
  }
  Append(out, "<div class=\"verdict bad\">✗ {} (exit code {})</div>\n",
         EscapeHtml(report.verdict.empty() ? "The run failed" : report.verdict), report.exitCode);
}

void AppendTiles(std::string& out, const SRunReport& report) {
  out += "<div class=\"tiles\">\n";
  AppendTile(out, "throughput", Rate(report.Throughput()) + "/s", fmt::format("over {:.1f} s", report.seconds));
  if (report.maxRate > 0) {
    AppendTile(out, "highest rate", Rate(report.maxRate) + "/s", "that kept the objective");
  }
  for (const double percent : {50.0, 99.0, 99.9}) {
    AppendTile(out, fmt::format("p{:g}", percent), Ns(report.latencies, report.latencies.At(percent)));
  }
  AppendTile(out, "max", Ns(report.latencies, report.latencies.maxNs));
  AppendTile(out, "faults", WithCommas(report.Faults()),
             fmt::format("in {} requests", WithCommas(report.Count(std::string(ToString(ECount::kSent))))));
  out += "</div>\n";
}

void AppendCount(std::string& out, std::string_view name, uint64_t count, std::string_view rowClass = "",
                 std::string_view textClass = "") {
  Append(out, "<tr class=\"{}\"><td>{}</td><td class=\"n {}\">{}</td></tr>\n", rowClass, EscapeHtml(std::string(name)),
         textClass, WithCommas(count));
}

// How every request ended; the ways are those that add up to the requests.
void AppendLedger(std::string& out, const SRunReport& report) {
  constexpr std::array kEnds{ECount::kReplied,    ECount::kRejected, ECount::kOneWay,
                             ECount::kMismatched, ECount::kLost,     ECount::kInFlightAtReset};
  const auto count = [&report](ECount what) { return report.Count(std::string(ToString(what))); };
  const auto isFault = [](ECount what) {
    return what == ECount::kMismatched || what == ECount::kLost || what == ECount::kDuplicated ||
           what == ECount::kReordered || what == ECount::kUnasked;
  };
  out += "<section class=\"card\"><h2>Ledger</h2><table>\n";
  AppendCount(out, ToString(ECount::kSent), count(ECount::kSent), "sum");
  uint64_t sum = 0;
  for (const ECount what : kEnds) {
    sum += count(what);
    AppendCount(out, ToString(what), count(what), "in", isFault(what) && count(what) != 0 ? "badtext" : "");
    if (what != ECount::kRejected) continue;
    for (const auto& [reason, times] : report.rejects) AppendCount(out, "– " + reason, times, "in");
  }
  for (const ECount what : {ECount::kDuplicated, ECount::kReordered, ECount::kUnasked}) {
    AppendCount(out, ToString(what), count(what), "", count(what) != 0 ? "badtext" : "");
  }
  for (const ECount what : {ECount::kRefused, ECount::kPushes, ECount::kUnsent, ECount::kGoAways, ECount::kReconnects,
                            ECount::kConnectFailures, ECount::kClosedByServer}) {
    if (count(what) != 0) AppendCount(out, ToString(what), count(what));
  }
  out += "</table><p class=\"note\">";
  out += sum == count(ECount::kSent) ? "Every request ended in exactly one of the indented ways."
                                     : "Requests that are in none of the indented ways were still in flight.";
  out += "</p></section>\n";
}

void AppendPairs(std::string& out, const SRunReport& report) {
  out += "<section class=\"card\"><h2>Parameters</h2><table>\n";
  const auto row = [&out](const std::string& name, const std::string& text) {
    Append(out, "<tr><th>{}</th><td>{}</td></tr>\n", EscapeHtml(name), EscapeHtml(text));
  };
  for (const auto& [name, text] : report.parameters) row(name, text);
  row("client", report.program);
  row("machine", report.machine);
  const std::string perRequest =
      report.latencies.IsMeasured() ? fmt::format(", {:.2f} µs/request", report.CpuPerRequest()) : "";
  row("client cpu", fmt::format("{:.2f} s{}", report.cpuSeconds, perRequest));
  out += "</table></section>\n";
}

void AppendPhases(std::string& out, const SRunReport& report) {
  if (report.phases.size() < 2) return;
  out +=
      "<section class=\"card\"><h2>Phases</h2><table><tr><th>phase</th><th class=\"n\">asked for</th><th class=\"n\">"
      "replies/s</th><th class=\"n\">p50</th><th class=\"n\">p99</th><th class=\"n\">p99.9</th><th class=\"n\">max</th>"
      "<th class=\"n\">rejects</th><th class=\"n\">faults</th><th class=\"n\">objective</th></tr>\n";
  for (const SPhaseReport& phase : report.phases) {
    Append(out, "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>", EscapeHtml(phase.name),
           phase.targetRate > 0 ? Rate(phase.targetRate) : "–", Rate(phase.Throughput()));
    for (const double percent : {50.0, 99.0, 99.9})
      Append(out, "<td class=\"n\">{}</td>", Ns(phase.latencies, phase.latencies.At(percent)));
    Append(out, "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
           Ns(phase.latencies, phase.latencies.maxNs), WithCommas(phase.rejects), WithCommas(phase.faults));
    std::string objective = "<td class=\"n\">–</td>";
    if (phase.isObjectiveMet) {
      objective = *phase.isObjectiveMet
                      ? "<td class=\"n goodtext\">met</td>"
                      : fmt::format("<td class=\"n badtext\">missed: {}</td>", EscapeHtml(phase.missed));
    }
    Append(out, "{}</tr>\n", objective);
  }
  out += "</table></section>\n";
}

void AppendAttacks(std::string& out, const SRunReport& report) {
  if (report.attacks.empty()) return;
  out +=
      "<section class=\"card\"><h2>Attackers</h2><table><tr><th>kind</th><th class=\"n\">attackers</th><th class=\"n\">"
      "connections</th><th class=\"n\">refused</th><th class=\"n\">closed by server</th><th class=\"n\">reset by server"
      "</th><th class=\"n\">ended by attacker</th><th class=\"n\">still open</th><th class=\"n\">rejects</th></tr>\n";
  for (const SAttackOutcome& attack : report.attacks) {
    uint64_t rejects = 0;
    for (const auto& [reason, count] : attack.rejectsByReason) rejects += count;
    Append(out, "<tr><td>{}</td>", EscapeHtml(attack.kind));
    for (const uint64_t count :
         {uint64_t{attack.attackers}, attack.connections, attack.connectFailures, attack.closedByServer,
          attack.resetByServer, attack.endedByAttacker, attack.stillOpen, rejects}) {
      Append(out, "<td class=\"n\">{}</td>", WithCommas(count));
    }
    out += "</tr>\n";
  }
  out += "</table></section>\n";
}

void AppendReconnects(std::string& out, const SRunReport& report) {
  const SLatencies& times = report.reconnects;
  if (times.count == 0) return;
  Append(
      out,
      "<section class=\"card\"><h2>Reconnects</h2><p>{}: p50 {}, p99 {}, at most {} from the loss of a connection to "
      "the first byte on the next one.</p></section>\n",
      WithCommas(times.count), Ns(times, times.At(50)), Ns(times, times.At(99)), Ns(times, times.maxNs));
}

void AppendOffenders(std::string& out, const SRunReport& report) {
  if (report.offenders.empty()) return;
  out += "<section class=\"card\"><h2>The first offenders</h2><ol>\n";
  for (const std::string& offender : report.offenders) Append(out, "<li>{}</li>\n", EscapeHtml(offender));
  out += "</ol></section>\n";
}

void AppendRows(std::string& out, const char* p_title, const SRunReport& before, const SRunReport& after,
                const std::vector<SComparedRow>& rows) {
  constexpr std::string_view kClasses[]{"", "goodtext", "badtext"};
  const bool hasChanges =
      std::any_of(rows.begin(), rows.end(), [](const SComparedRow& row) { return !row.change.empty(); });
  Append(
      out,
      "<section class=\"card\"><h2>{}</h2><table><tr><th></th><th class=\"n\"><span class=\"key blue\">{}</span></th>"
      "<th class=\"n\"><span class=\"key orange\">{}</span></th>{}</tr>\n",
      p_title, EscapeHtml(before.Title()), EscapeHtml(after.Title()), hasChanges ? "<th class=\"n\">change</th>" : "");
  for (const SComparedRow& row : rows) {
    Append(out, "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>", EscapeHtml(row.name),
           EscapeHtml(row.before), EscapeHtml(row.after));
    if (hasChanges) {
      Append(out, "<td class=\"n {}\">{}</td>", kClasses[static_cast<size_t>(row.judgement)], EscapeHtml(row.change));
    }
    out += "</tr>\n";
  }
  out += "</table></section>\n";
}

}  // namespace

std::string CHtmlReport::Page(const SRunReport& report) {
  std::string out = Begin("client-sim: " + report.Title());
  Append(out, "<h1>{}</h1><p class=\"sub\">{} · finished {}</p>\n", EscapeHtml(report.Title()),
         EscapeHtml(report.program), EscapeHtml(report.finished));
  AppendVerdict(out, report);
  AppendTiles(out, report);
  const std::vector<SDrawnRun> alone{{report, "blue"}};
  out += ThroughputChart(alone) + LatencyChart(alone) + PercentileChart(alone);
  AppendPhases(out, report);
  AppendAttacks(out, report);
  AppendOffenders(out, report);
  AppendReconnects(out, report);
  out += "<div class=\"pair\">";
  AppendLedger(out, report);
  AppendPairs(out, report);
  return out + "</div>" + kEnd;
}

std::string CHtmlReport::Comparison(const SRunReport& before, const SRunReport& after) {
  std::string out = Begin(fmt::format("client-sim: {} and {}", before.Title(), after.Title()));
  Append(out, "<h1>{} → {}</h1><p class=\"sub\">{}, {} · {}, {}</p>\n", EscapeHtml(before.Title()),
         EscapeHtml(after.Title()), EscapeHtml(before.program), EscapeHtml(before.finished), EscapeHtml(after.program),
         EscapeHtml(after.finished));
  AppendRows(out, "Figures", before, after, CCompare::Rows(before, after));
  const std::vector<SDrawnRun> both{{before, "blue"}, {after, "orange"}};
  out += PercentileChart(both) + ThroughputChart(both) + LatencyChart(both);
  const std::vector<SComparedRow> differences = CCompare::Differences(before, after);
  if (!differences.empty()) AppendRows(out, "What was asked for", before, after, differences);
  Append(out, "<p class=\"note\">Changes of up to {:g} % are noise, and stay without colour.</p>\n",
         CCompare::kNoise * 100);
  return out + kEnd;
}

}  // namespace switchboard::sim
