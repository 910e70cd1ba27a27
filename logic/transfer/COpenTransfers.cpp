#include "logic/transfer/COpenTransfers.h"

namespace switchboard {

uint32_t COpenTransfers::Add() {
  if (m_open.size() >= m_most || m_lastHandle == UINT32_MAX) return 0;
  if (m_total.fetch_add(1, std::memory_order_relaxed) >= m_mostTotal) {
    m_total.fetch_sub(1, std::memory_order_relaxed);
    return 0;
  }
  m_open.try_emplace(++m_lastHandle);
  return m_lastHandle;
}

SOpenTransfer* COpenTransfers::Find(uint32_t handle) {
  const auto found = m_open.find(handle);
  return found == m_open.end() ? nullptr : &found->second;
}

void COpenTransfers::Remove(uint32_t handle) {
  if (m_open.erase(handle) > 0) m_total.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace switchboard
