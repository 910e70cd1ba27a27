#include "net/wire/Counters.h"

#include <algorithm>
#include <array>

namespace switchboard {

namespace {

constexpr std::array<std::string_view, static_cast<size_t>(ECloseReason::kCount)> kCloseReasonNames = {
    "peer_closed", "peer_reset",     "bad_length",
    "bad_crc",     "packet_timeout", "heartbeat",
    "max_session", "flood",          "send_queue_overflow",
    "by_handler",  "bad_request",    "answered",
    "too_slow",    "file_changed",   "memory",
    "replaced",    "worker_stop",    "worker_lost"};

constexpr std::array<std::string_view, static_cast<size_t>(ERejectReason::kCount)> kRejectReasonNames = {
    "none",          "bad_crc",  "unknown_code", "short_body", "handler_failed",
    "handler_threw", "overload", "quarantined",  "by_handler"};

constexpr std::array<std::string_view, static_cast<size_t>(ECounter::kClosedFirst)> kCounterNames = {
    "connections_accepted",
    "connections_refused",
    "accept_pauses",
    "accept_wakeups",
    "io_wakeups",
    "packets_accepted",
    "packets_replied",
    "packets_one_way",
    "packets_discarded",
    "packets_pushed",
    "packets_entered",
    "packets_left",
    "bytes_received",
    "bytes_sent",
    "receives",
    "sends",
    "send_thread_hand_overs",
    "read_pauses",
    "stale_sessions",
    "jobs_refused",
    "copies_published",
    "copies_sent",
    "copies_missed",
    "hub_refused",
    "hub_passed",
    "hub_taken",
    "hub_dropped"};

// An initialiser that is too short leaves its last names empty.
static_assert(!kCloseReasonNames.back().empty() && !kRejectReasonNames.back().empty() && !kCounterNames.back().empty());

uint64_t SumOf(const CounterTotals& totals, ECounter first, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += totals[static_cast<size_t>(first) + i];
  return sum;
}

// Raises the side of an identity that is behind. A worker killed between two increments may leave either one so.
void Balance(CCounters& block, ECounter left, uint64_t leftSum, ECounter right, uint64_t rightSum) {
  if (leftSum < rightSum) block.AddShared(left, rightSum - leftSum);
  if (rightSum < leftSum) block.AddShared(right, leftSum - rightSum);
}

}  // namespace

std::string_view ToString(ECloseReason reason) { return kCloseReasonNames.at(static_cast<size_t>(reason)); }

std::string_view ToString(ERejectReason reason) { return kRejectReasonNames.at(static_cast<size_t>(reason)); }

std::string CounterName(ECounter counter) {
  const auto index = static_cast<uint16_t>(counter);
  if (counter < ECounter::kClosedFirst) return std::string(kCounterNames[index]);
  if (counter < ECounter::kRejectedFirst) {
    const auto reason = index - static_cast<uint16_t>(ECounter::kClosedFirst);
    return "closed_" + std::string(ToString(static_cast<ECloseReason>(reason)));
  }
  const auto reason = index - static_cast<uint16_t>(ECounter::kRejectedFirst);
  return "rejected_" + std::string(ToString(static_cast<ERejectReason>(reason)));
}

bool IsFrameworkCounter(std::string_view name) {
  for (const char* const p_prefix : {"closed_", "connections_", "packets_", "rejected_", "worker_"}) {
    if (name.starts_with(p_prefix)) return true;
  }
  return name == "master" || name == "bytes_held" ||
         std::find(kCounterNames.begin(), kCounterNames.end(), name) != kCounterNames.end();
}

void WriteOff(SWorkerPage& page) {
  const CounterTotals totals = page.Sum();
  const auto of = [&totals](ECounter counter) { return totals[static_cast<size_t>(counter)]; };

  // From the sums and not from the gauge: the identities are about the sums.
  const uint64_t closed = SumOf(totals, ECounter::kClosedFirst, static_cast<size_t>(ECloseReason::kCount));
  Balance(page.shared, ECounter::kConnectionsAccepted, of(ECounter::kConnectionsAccepted),
          CounterOf(ECloseReason::kWorkerLost), closed);

  const uint64_t ended = of(ECounter::kPacketsReplied) + of(ECounter::kPacketsOneWay) +
                         of(ECounter::kPacketsDiscarded) +
                         SumOf(totals, ECounter::kRejectedFirst, static_cast<size_t>(ERejectReason::kCount));
  Balance(page.shared, ECounter::kPacketsAccepted, of(ECounter::kPacketsAccepted), ECounter::kPacketsDiscarded, ended);
  Balance(page.shared, ECounter::kPacketsEntered, of(ECounter::kPacketsEntered), ECounter::kPacketsLeft,
          of(ECounter::kPacketsLeft));

  page.connectionsActive.store(0, std::memory_order_relaxed);
  page.held.Reset();
  page.pid.store(0, std::memory_order_relaxed);
}

}  // namespace switchboard
