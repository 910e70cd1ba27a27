// The drawings of runs: one run alone, or several in one drawing.
#pragma once

#include <string>
#include <vector>

#include "client-sim/report/RunReport.h"

namespace switchboard::sim {

// A run and the colour class that it is drawn in.
struct SDrawnRun {
  const SRunReport& report;
  std::string cssClass;
};

// Replies per second over time; of a single run also the rate that was asked for, rejects, faults and phases. Empty
// without a series, as are the next two without values.
std::string ThroughputChart(const std::vector<SDrawnRun>& runs);
// Latencies over time: of a single run p50, p90, p99 and the maximum, of several runs p99.
std::string LatencyChart(const std::vector<SDrawnRun>& runs);
// The latency that each fraction of the requests keeps, from 0 to 99.999 %.
std::string PercentileChart(const std::vector<SDrawnRun>& runs);

}  // namespace switchboard::sim
