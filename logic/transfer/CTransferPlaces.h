#pragma once

#include <cstdint>
#include <map>

#include "logic/transfer/CTransferLedger.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// How much all sessions of a worker have open together, and the sessions of each address: else one address could keep
// all that there is.
// Threads: any.
class CTransferPlaces {
 public:
  struct SLimits {
    uint32_t all = 0;
    uint32_t ofPeer = 0;
  };

  // One more of this address; false when that would be too many.
  bool Take(const TransferPeer& peer, const SLimits& limits);
  // So many that it has taken.
  void Give(const TransferPeer& peer, uint32_t count);

 private:
  CMutex m_mutex;
  uint32_t m_total GUARDED_BY(m_mutex) = 0;
  std::map<TransferPeer, uint32_t> m_peers GUARDED_BY(m_mutex);  // those that have any
};

}  // namespace switchboard
