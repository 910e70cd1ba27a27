#include "client-sim/transfer/CAttempts.h"

#include <poll.h>

#include <algorithm>

namespace switchboard::sim {
namespace {

constexpr uint32_t kFirstPauseMs = 100;
constexpr uint32_t kMaxDoublings = 5;

}  // namespace

void CAttempts::Run(const std::function<void(CTransferClient&)>& attempt, const std::function<uint64_t()>& progress) {
  for (;;) {
    try {
      CTransferClient client(m_server, m_patience);
      return attempt(client);
    } catch (const CLinkLost&) {
      if (!Pause(progress())) throw;
    } catch (const CRefused& refused) {
      // The server may not have noticed yet that the connection before this one is gone.
      if (refused.Status() != kStatusBusy || !Pause(progress())) throw;
    }
  }
}

bool CAttempts::Pause(uint64_t progress) {
  if (progress > m_lastProgress) m_failures = 0;
  m_lastProgress = progress;
  if (m_failures == m_retries) return false;
  // A deadline and nothing to wait for: the server is to get time, whatever happens here.
  ::poll(nullptr, 0, static_cast<int>(kFirstPauseMs << std::min(m_failures, kMaxDoublings)));
  ++m_failures;
  return true;
}

}  // namespace switchboard::sim
