#include "net/conn/CConnectionPool.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace switchboard {

namespace {

// The slab size that keeps the number of slabs within the table.
uint32_t ShiftFor(uint32_t slabSlots, uint32_t maxSlots, uint32_t maxSlabs) {
  const uint32_t enough = (maxSlots + maxSlabs - 1) / maxSlabs;
  return static_cast<uint32_t>(std::countr_zero(std::bit_ceil(std::max({slabSlots, enough, uint32_t{1}}))));
}

}  // namespace

CConnectionPool::CConnectionPool(uint32_t process, uint32_t slabSlots, uint32_t maxSlots, SWorkerPage& page)
    : m_process(process), m_shift(ShiftFor(slabSlots, maxSlots, kMaxSlabs)), m_maxSlots(maxSlots), m_page(page) {
  CMutexLock lock(m_mutex);
  AddSlab();
}

void CConnectionPool::AddSlab() {
  const uint32_t made = m_made.load(std::memory_order_relaxed);
  const uint32_t slots = uint32_t{1} << m_shift;
  auto p_slab = std::make_unique<CConnection[]>(slots);
  // Low slots first: a quiet server keeps using the same memory.
  for (uint32_t i = slots; i-- > 0;) {
    p_slab[i].worker = m_process;
    p_slab[i].slot = made + i;
    p_slab[i].p_freeNext = std::exchange(m_p_free, &p_slab[i]);
  }
  m_slabs[made >> m_shift] = std::move(p_slab);
  m_made.store(made + slots, std::memory_order_release);
}

bool CConnectionPool::HasFree() {
  CMutexLock lock(m_mutex);
  return m_lent < m_maxSlots;
}

CConnection* CConnectionPool::Acquire(CFd fd, const SPeer& peer, MonotonicTime now, CProtocol& protocol,
                                      uint16_t listener) {
  CConnection* p_connection;
  {
    CMutexLock lock(m_mutex);
    if (m_lent == m_maxSlots) return nullptr;
    if (m_p_free == nullptr) AddSlab();
    p_connection = m_p_free;
    m_p_free = std::exchange(p_connection->p_freeNext, nullptr);
    m_page.handOver.slotsLent.store(++m_lent, std::memory_order_release);
    m_page.connectionsActive.store(++m_active, std::memory_order_relaxed);
  }
  p_connection->Open(std::move(fd), peer, now, protocol, listener);
  return p_connection;
}

void CConnectionPool::CountClosed() {
  CMutexLock lock(m_mutex);
  m_page.connectionsActive.store(--m_active, std::memory_order_relaxed);
}

void CConnectionPool::Release(CConnection& connection) {
  connection.EndLife();
  CMutexLock lock(m_mutex);
  connection.p_freeNext = std::exchange(m_p_free, &connection);
  m_page.handOver.slotsLent.store(--m_lent, std::memory_order_release);
}

CConnection* CConnectionPool::Find(const CSession& session) {
  if (session.Process() != m_process || session.Slot() >= Made()) return nullptr;
  CConnection& connection = At(session.Slot());
  if (connection.Generation() != session.Generation()) return nullptr;
  const EPhase phase = connection.Phase();
  return phase == EPhase::kFree || phase == EPhase::kClosed ? nullptr : &connection;
}

CConnection& CConnectionPool::At(uint32_t slot) {
  return m_slabs[slot >> m_shift][slot & ((uint32_t{1} << m_shift) - 1)];
}

uint32_t CConnectionPool::Active() {
  CMutexLock lock(m_mutex);
  return m_active;
}

uint32_t CConnectionPool::Lent() {
  CMutexLock lock(m_mutex);
  return m_lent;
}

}  // namespace switchboard
