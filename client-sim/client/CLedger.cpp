#include "client-sim/client/CLedger.h"

#include <algorithm>
#include <utility>

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

void CLedger::CountReject(uint16_t reason) {
  Count(ECount::kRejected);
  ++m_rejects[std::min<size_t>(reason, kRejectReasons - 1)];
}

void CLedger::RejectOneWay(uint16_t reason) {
  auto& oneWay = m_counts[static_cast<size_t>(ECount::kOneWay)];
  oneWay.store(oneWay.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  CountReject(reason);
}

void CLedger::CountFault(ECount what, std::string offender) {
  Count(what);
  if (m_offenders.size() < kMaxOffenders) m_offenders.push_back(std::move(offender));
}

void CLedger::AddCounts(const CLedger& other) {
  for (size_t i = 0; i < m_counts.size(); ++i) Count(static_cast<ECount>(i), other.Get(static_cast<ECount>(i)));
}

void CLedger::Add(const CLedger& other) {
  AddCounts(other);
  for (size_t i = 0; i < m_rejects.size(); ++i) m_rejects[i] += other.m_rejects[i];
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
