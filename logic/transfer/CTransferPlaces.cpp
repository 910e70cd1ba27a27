#include "logic/transfer/CTransferPlaces.h"

namespace switchboard {

bool CTransferPlaces::Take(const TransferPeer& peer, const SLimits& limits) {
  const CMutexLock lock(m_mutex);
  if (m_total >= limits.all) return false;
  const auto found = m_peers.find(peer);
  if (found != m_peers.end() && found->second >= limits.ofPeer) return false;
  ++m_peers[peer];
  ++m_total;
  return true;
}

void CTransferPlaces::Give(const TransferPeer& peer, uint32_t count) {
  if (count == 0) return;
  const CMutexLock lock(m_mutex);
  m_total -= count;
  const auto found = m_peers.find(peer);
  found->second -= count;
  if (found->second == 0) m_peers.erase(found);
}

}  // namespace switchboard
