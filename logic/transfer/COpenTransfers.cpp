#include "logic/transfer/COpenTransfers.h"

namespace switchboard {

uint32_t COpenTransfers::Add() {
  if (m_open.size() >= m_most || m_lastHandle == UINT32_MAX) return 0;
  if (!m_places.Take(m_peer, m_limits)) return 0;
  m_open.try_emplace(++m_lastHandle);
  return m_lastHandle;
}

SOpenTransfer* COpenTransfers::Find(uint32_t handle) {
  const auto found = m_open.find(handle);
  return found == m_open.end() ? nullptr : &found->second;
}

void COpenTransfers::Remove(uint32_t handle) { m_places.Give(m_peer, static_cast<uint32_t>(m_open.erase(handle))); }

}  // namespace switchboard
