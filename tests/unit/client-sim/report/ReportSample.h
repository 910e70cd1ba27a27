#pragma once

#include "client-sim/load/RunResult.h"

namespace switchboard::sim {

// A run with something of everything that a report can tell. `slowness` multiplies its latencies.
inline SRunResult SampleResult(uint64_t slowness = 1) {
  SRunResult result;
  result.options.server = "127.0.0.1:<5000>";
  result.options.mix = {{"ping", 1}, {"echo", 8}};
  result.exitCode = kExitFaults;
  result.verdict = "a reply was \"lost\" & <not> found";
  result.seconds = 2.5;
  result.repliesInTime = 1000;
  result.cpuSeconds = 0.25;
  result.maxRate = 400;
  result.ledger.Count(ECount::kSent, 1003);
  result.ledger.Count(ECount::kReplied, 1000);
  result.ledger.CountReject(6);
  result.ledger.CountReject(301);
  result.ledger.CountFault(ECount::kLost, [] { return std::string("connection 3, request 7 (echo): lost </script>"); });
  for (uint64_t i = 1; i <= 1000; ++i) result.latencies.Record(i * 10'000 * slowness);
  result.reconnectTimes.Record(5'000'000);
  for (size_t i = 0; i < 5; ++i) {
    SSecond second;
    second.at = 0.5 * static_cast<double>(i + 1);
    second.length = 0.5;
    second.phase = i / 3;
    second.targetRate = 500;
    second.sent = 201;
    second.replies = 200;
    second.connections = 64;
    second.p50Ns = 5'000'000 * slowness;
    second.p90Ns = 9'000'000 * slowness;
    second.p99Ns = 9'900'000 * slowness;
    second.maxNs = 10'000'000 * slowness;
    result.series.push_back(second);
  }
  result.phases.resize(2);
  result.phases[0].kind = EPhaseKind::kBeforeAttack;
  result.phases[0].name = "before, \"quoted\"";
  result.phases[0].seconds = 1.5;
  result.phases[1].kind = EPhaseKind::kUnderAttack;
  result.phases[1].name = "under attack";
  result.phases[1].startSeconds = 1.5;
  result.phases[1].seconds = 1;
  result.phases[1].isObjectiveMet = false;
  result.phases[1].latencies = result.latencies;
  result.attacks.resize(1);
  result.attacks[0].kind = "slow-reader";
  result.attacks[0].attackers = 10;
  result.attacks[0].connections = 12;
  result.attacks[0].closedByServer = 12;
  result.attacks[0].rejectsByReason[1] = 4;
  return result;
}

}  // namespace switchboard::sim
