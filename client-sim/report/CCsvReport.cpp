#include "client-sim/report/CCsvReport.h"

#include <fmt/format.h>

#include <iterator>

namespace switchboard::sim {
namespace {

// Empty where nothing was measured.
std::string Ms(const SSecond& second, uint64_t ns) {
  return second.IsMeasured() ? fmt::format("{:.6f}", static_cast<double>(ns) / 1e6) : std::string();
}

// Quoted as RFC 4180 has it.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::string CCsvReport::Text(const SRunReport& report) {
  std::string out =
      "at_s,length_s,phase,target_rate,requests,replies,rejects,faults,in_flight_at_reset,connections,p50_ms,p90_ms,"
      "p99_ms,max_ms\n";
  for (const SSecond& second : report.series) {
    const std::string phase = second.phase < report.phases.size() ? report.phases[second.phase].name : "";
    fmt::format_to(std::back_inserter(out), "{:.3f},{:.3f},{},{:g},{},{},{},{},{},{},{},{},{},{}\n", second.at,
                   second.length, Quoted(phase), second.targetRate, second.sent, second.replies, second.rejects,
                   second.faults, second.inFlightAtReset, second.connections, Ms(second, second.p50Ns),
                   Ms(second, second.p90Ns), Ms(second, second.p99Ns), Ms(second, second.maxNs));
  }
  return out;
}

}  // namespace switchboard::sim
