#pragma once

#include <cstdint>
#include <functional>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/message/CTransferClient.h"
#include "client-sim/transfer/TransferOptions.h"

namespace switchboard::sim {

// Does something over a connection, and over the next one when that is lost, with growing pauses between.
// Threads: one; blocks.
class CAttempts {
 public:
  explicit CAttempts(const STransferOptions& options)
      : m_server(options.server), m_patience(options.patience), m_retries(options.retries) {}

  // Returns when `attempt` does. `progress` tells, by a number that has grown, that an attempt got further than the one
  // before. Throws what `attempt` throws; CLinkLost, and a busy server's CRefused, only when the attempts are used up.
  void Run(const std::function<void(CTransferClient&)>& attempt, const std::function<uint64_t()>& progress);

 private:
  // False when the attempts are used up.
  bool Pause(uint64_t progress);

  const CEndpoint m_server;
  const std::chrono::milliseconds m_patience;
  const uint32_t m_retries;
  uint32_t m_failures = 0;  // in a row
  uint64_t m_lastProgress = 0;
};

}  // namespace switchboard::sim
