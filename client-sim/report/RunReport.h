// A run as a report file holds it: what JSON, HTML and the comparison are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/base/CHistogram.h"
#include "client-sim/load/RunResult.h"

namespace switchboard::sim {

struct SPercentile {
  double percent = 0;
  uint64_t ns = 0;
};

struct SLatencies {
  uint64_t count = 0;
  double meanNs = 0;
  uint64_t minNs = 0;
  uint64_t maxNs = 0;
  std::vector<SPercentile> percentiles;                // ascending; the last one is 100; none if nothing was measured
  std::vector<std::pair<uint64_t, uint64_t>> buckets;  // upper bound in ns, count; ascending; may be left out

  // Else all figures are without a meaning.
  bool IsMeasured() const { return count != 0; }
  // 0 for a percentile that isn't there.
  uint64_t At(double percent) const;
  static SLatencies Of(const CHistogram& histogram, bool withBuckets);
};

struct SPhaseReport {
  std::string kind;
  std::string name;
  double targetRate = 0;
  double startSeconds = 0;
  double seconds = 0;
  uint64_t sent = 0;
  uint64_t replies = 0;
  uint64_t repliesInTime = 0;
  uint64_t rejects = 0;
  uint64_t faults = 0;
  uint64_t inFlightAtReset = 0;
  uint64_t unsent = 0;
  std::optional<bool> isObjectiveMet;
  std::string missed;  // which objectives, and by how much
  SLatencies latencies;

  double Throughput() const { return seconds > 0 ? static_cast<double>(repliesInTime) / seconds : 0; }
};

struct SRunReport {
  std::string program;                                          // "client-sim 1.2.3"
  std::string finished;                                         // UTC, as 2031-01-31T23:59:59Z
  std::string machine;                                          // what ran the client
  std::string label;                                            // what the run is called; may be empty
  std::vector<std::pair<std::string, std::string>> parameters;  // what was asked for, to be read by people
  int exitCode = 0;
  std::string verdict;  // why it isn't 0
  double seconds = 0;
  uint64_t repliesInTime = 0;
  double cpuSeconds = 0;
  double maxRate = 0;                                     // of --find-max; 0: none
  std::vector<std::pair<std::string, uint64_t>> ledger;   // by ECount's words, all of them
  std::vector<std::pair<std::string, uint64_t>> rejects;  // by reason, those that occurred
  std::vector<std::string> offenders;
  SLatencies latencies;
  SLatencies reconnects;
  std::vector<SPhaseReport> phases;
  std::vector<SSecond> series;
  std::vector<SAttackOutcome> attacks;

  double Throughput() const { return seconds > 0 ? static_cast<double>(repliesInTime) / seconds : 0; }
  // The label, or else the server.
  std::string Title() const;
  // 0 for a word that isn't there.
  uint64_t Count(const std::string& word) const;
  uint64_t Faults() const;
  // Of the client, in microseconds.
  double CpuPerRequest() const;

  static SRunReport Of(const SRunResult& result);
};

// Prints as in reports, such as "warm-up".
std::string_view ToString(EPhaseKind kind);
// What was asked for, as name and text.
std::vector<std::pair<std::string, std::string>> ParametersOf(const SRunOptions& options);

}  // namespace switchboard::sim
