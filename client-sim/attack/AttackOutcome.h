#pragma once

#include <cstdint>
#include <string>

#include "client-sim/client/CLedger.h"

namespace switchboard::sim {

// How the attackers of one kind fared.
struct SAttackOutcome {
  std::string kind;          // such as "slow-reader"
  uint32_t attackers = 0;    //
  uint64_t connections = 0;  // that they opened
  uint64_t connectFailures = 0;
  uint64_t bytesSent = 0;
  uint64_t bytesReceived = 0;
  // How those connections ended; together with `stillOpen` they are all of them.
  uint64_t closedByServer = 0;
  uint64_t resetByServer = 0;
  uint64_t endedByAttacker = 0;  // as the kinds do that close or reset by themselves
  uint64_t stillOpen = 0;        // at the end of the attack
  RejectCounts rejectsByReason;  // Rejects that they were sent
};

}  // namespace switchboard::sim
