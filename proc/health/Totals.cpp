#include "proc/health/Totals.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace switchboard {

namespace {

template <class Reason>
uint64_t SumOf(const CounterTotals& totals) {
  uint64_t sum = 0;
  for (size_t i = 0; i < static_cast<size_t>(Reason::kCount); ++i) {
    sum += totals[static_cast<size_t>(CounterOf(static_cast<Reason>(i)))];
  }
  return sum;
}

constexpr std::array kNamed{ECounter::kConnectionsAccepted, ECounter::kPacketsAccepted, ECounter::kPacketsReplied,
                            ECounter::kPacketsOneWay, ECounter::kPacketsDiscarded};

}  // namespace

std::string FormatTotals(const CScoreboard& scoreboard, std::string_view separator) {
  const CounterTotals totals = scoreboard.Sum();
  const auto of = [&totals](ECounter counter) { return totals[static_cast<size_t>(counter)]; };
  std::string text = fmt::format("connections_accepted={}", of(ECounter::kConnectionsAccepted));
  const auto add = [&](std::string_view key, uint64_t value) { text += fmt::format("{}{}={}", separator, key, value); };
  add("connections_active", scoreboard.ConnectionsActive());
  add("connections_closed", SumOf<ECloseReason>(totals));
  add("packets_accepted", of(ECounter::kPacketsAccepted));
  add("packets_replied", of(ECounter::kPacketsReplied));
  add("packets_rejected", SumOf<ERejectReason>(totals));
  add("packets_one_way", of(ECounter::kPacketsOneWay));
  add("packets_discarded", of(ECounter::kPacketsDiscarded));
  add("packets_in_flight", of(ECounter::kPacketsEntered) - of(ECounter::kPacketsLeft));
  if (const uint64_t held = scoreboard.HeldBytes(); held > 0) add("bytes_held", held);
  for (size_t i = 0; i < kCountersInUse; ++i) {
    const auto counter = static_cast<ECounter>(i);
    if (totals[i] == 0 || std::find(kNamed.begin(), kNamed.end(), counter) != kNamed.end()) continue;
    add(CounterName(counter), totals[i]);
  }
  for (const auto& [name, value] : scoreboard.NamedSums()) {
    // It could only have come there by accident, or by malice.
    if (!IsFrameworkCounter(name)) add(name, value);
  }
  return text;
}

}  // namespace switchboard
