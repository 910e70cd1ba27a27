#include "client-sim/client/CLedger.h"

#include <fmt/format.h>

#include <charconv>

#include "net/wire/Counters.h"

namespace switchboard::sim {

std::string_view ToString(ECount count) {
  switch (count) {
    case ECount::kSent:
      return "requests";
    case ECount::kReplied:
      return "replies";
    case ECount::kRejected:
      return "rejects";
    case ECount::kOneWay:
      return "one-way";
    case ECount::kMismatched:
      return "mismatched";
    case ECount::kLost:
      return "lost";
    case ECount::kInFlightAtReset:
      return "in flight at reset";
    case ECount::kDuplicated:
      return "duplicated";
    case ECount::kReordered:
      return "reordered";
    case ECount::kUnasked:
      return "unasked";
    case ECount::kRefused:
      return "refused";
    case ECount::kPushes:
      return "pushes";
    case ECount::kUnsent:
      return "unsent";
    case ECount::kGoAways:
      return "go-aways";
    case ECount::kReconnects:
      return "reconnects";
    case ECount::kConnectFailures:
      return "connect failures";
    case ECount::kClosedByServer:
      return "closed by server";
    case ECount::kCount:
      break;
  }
  return "?";
}

std::string RejectName(uint16_t reason) {
  if (reason < static_cast<uint16_t>(ERejectReason::kByHandler)) {
    return std::string(ToString(static_cast<ERejectReason>(reason)));
  }
  return fmt::format("reason {}", reason);
}

uint16_t ReasonOf(const std::string& name) {
  for (uint16_t reason = 0; reason < static_cast<uint16_t>(ERejectReason::kByHandler); ++reason) {
    if (RejectName(reason) == name) return reason;
  }
  constexpr std::string_view kPrefix = "reason ";
  uint16_t reason = 0;
  if (name.starts_with(kPrefix)) std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), reason);
  return reason;
}

void CLedger::CountReject(uint16_t reason) {
  Count(ECount::kRejected);
  ++m_rejects[reason];
}

void CLedger::RejectOneWay(uint16_t reason) {
  auto& oneWay = m_counts[static_cast<size_t>(ECount::kOneWay)];
  oneWay.store(oneWay.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  CountReject(reason);
}

void CLedger::AddCounts(const CLedger& other) {
  for (size_t i = 0; i < m_counts.size(); ++i) Count(static_cast<ECount>(i), other.Get(static_cast<ECount>(i)));
}

void CLedger::Add(const CLedger& other) {
  AddCounts(other);
  for (const auto& [reason, count] : other.m_rejects) m_rejects[reason] += count;
  for (const std::string& offender : other.m_offenders) {
    if (m_offenders.size() < kMaxOffenders) m_offenders.push_back(offender);
  }
}

uint64_t CLedger::Faults() const {
  return Get(ECount::kMismatched) + Get(ECount::kLost) + Get(ECount::kDuplicated) + Get(ECount::kReordered) +
         Get(ECount::kUnasked);
}

uint64_t CLedger::InFlight() const {
  return Get(ECount::kSent) - Get(ECount::kReplied) - Get(ECount::kRejected) - Get(ECount::kOneWay) -
         Get(ECount::kMismatched) - Get(ECount::kLost) - Get(ECount::kInFlightAtReset);
}

}  // namespace switchboard::sim
