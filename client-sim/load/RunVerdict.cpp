#include "client-sim/load/RunVerdict.h"

#include <fmt/format.h>

#include <utility>

#include "client-sim/base/Text.h"
#include "net/wire/Reasons.h"

namespace switchboard::sim {
namespace {

// "12 overload, 3 reason 300"
std::string RejectsText(const CLedger& ledger) {
  std::string text;
  for (const auto& [reason, count] : ledger.RejectsByReason()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", WithCommas(count), RejectName(reason));
  }
  return text;
}

// Those that no scenario declares as the right answer. A trial is to find out where the limit is: its objectives judge
// what was rejected there.
uint64_t UndeclaredRejects(const SRunResult& result) {
  uint64_t rejects = 0;
  for (const SPhaseResult& phase : result.phases) {
    if (phase.kind != EPhaseKind::kTrial) rejects += phase.rejects;
  }
  return rejects;
}

}  // namespace

void Fail(SRunResult& result, EExitCode exitCode, std::string verdict) {
  result.exitCode = exitCode;
  result.verdict = std::move(verdict);
}

bool IsMeasured(const SRunResult& result, const SPhaseResult& phase) {
  if (phase.kind == EPhaseKind::kTrial) return phase.targetRate == result.maxRate && phase.isObjectiveMet == true;
  return phase.kind != EPhaseKind::kWarmup && phase.kind != EPhaseKind::kBeforeAttack;
}

void Judge(SRunResult& result, uint64_t unopened) {
  const SRunOptions& options = result.options;
  const CLedger& ledger = result.ledger;
  const uint64_t cutOff = ledger.Get(ECount::kInFlightAtReset);
  const uint64_t closed = ledger.Get(ECount::kClosedByServer);
  if (ledger.Faults() != 0) return Fail(result, kExitFaults, fmt::format("{} faults", ledger.Faults()));
  if (cutOff != 0 && !options.isResetExpected) {
    return Fail(result, kExitFaults,
                fmt::format("{} requests were in flight when the server closed their connections", cutOff));
  }
  if (closed != 0 && !options.isResetExpected && !options.isReconnecting) {
    return Fail(result, kExitFaults, fmt::format("the server closed {} connections", closed));
  }
  if (const uint64_t rejects = UndeclaredRejects(result); rejects != 0 && !options.isRejectAllowed) {
    constexpr auto kUnknown = static_cast<uint16_t>(ERejectReason::kUnknownCode);
    const bool isDemoUnknown = options.scenario.empty() && ledger.RejectsByReason().contains(kUnknown);
    return Fail(result, kExitFaults,
                fmt::format("{} requests were rejected: {}{}", rejects, RejectsText(ledger),
                            isDemoUnknown ? "; --mix is of the demo's msgCodes: a --scenario describes others" : ""));
  }
  if (unopened != 0) {
    return Fail(result, kExitNoConnection, fmt::format("{} connections could not be opened again", unopened));
  }
  if (options.isFindMax && result.maxRate == 0) {
    std::string verdict = "no rate kept the objectives";
    if (!result.phases.empty()) {
      verdict += fmt::format("; at {}: {}", result.phases.back().name, result.phases.back().missed);
    }
    return Fail(result, kExitObjectiveMissed, verdict);
  }
  for (const SPhaseResult& phase : result.phases) {
    if (!IsMeasured(result, phase) || phase.isObjectiveMet != false) continue;
    return Fail(result, kExitObjectiveMissed, fmt::format("objective missed at {}: {}", phase.name, phase.missed));
  }
}

}  // namespace switchboard::sim
