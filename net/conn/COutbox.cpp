#include "net/conn/COutbox.h"

#include <utility>

namespace switchboard {

void COutbox::Open(uint32_t generation) {
  m_bytes.store(0, std::memory_order_relaxed);
  CMutexLock lock(m_mutex);
  m_generation = generation;
  m_owner = EOwner::kNobody;
  m_isClosed = m_isAwaited = false;
}

COutbox::EOwn COutbox::TryOwn(uint32_t generation) {
  CMutexLock lock(m_mutex);
  if (m_isClosed || generation != m_generation) return EOwn::kGone;
  // Whoever owns it also sees to what is queued, so "nobody" implies an empty queue.
  if (m_owner != EOwner::kNobody) return EOwn::kBusy;
  m_owner = EOwner::kDirect;
  return EOwn::kOwned;
}

bool COutbox::Join(uint32_t generation, std::span<const std::byte> bytes) {
  CMutexLock lock(m_mutex);
  CBlock* const p_last = m_queue.Last();
  if (p_last == nullptr || generation != m_generation || p_last->File() != nullptr || p_last->Free() < bytes.size()) {
    return false;
  }
  p_last->Append(bytes);
  return true;
}

COutbox::EAppend COutbox::Append(uint32_t generation, BlockPtr p_block, uint32_t limit) {
  const auto bytes = static_cast<uint32_t>(p_block->Memory());
  CMutexLock lock(m_mutex);
  if (m_isClosed || generation != m_generation) return EAppend::kGone;
  const uint64_t before = m_bytes.load(std::memory_order_relaxed);
  if (before + bytes > limit && (before > 0 || p_block->Unused().size() > limit)) return EAppend::kOverflow;
  m_bytes.fetch_add(bytes, std::memory_order_seq_cst);
  m_queue.PushBack(std::move(p_block));
  if (m_owner != EOwner::kNobody) return EAppend::kQueued;
  m_owner = EOwner::kSender;
  return EAppend::kHandOver;
}

COutbox::EEnd COutbox::EndDirect(BlockPtr p_rest) {
  CMutexLock lock(m_mutex);
  if (!m_isClosed && p_rest != nullptr) {
    m_bytes.fetch_add(static_cast<uint32_t>(p_rest->Memory()), std::memory_order_seq_cst);
    m_queue.PushFront(std::move(p_rest));
  }
  if (m_queue.IsEmpty()) return Release();
  m_owner = EOwner::kSender;
  return EEnd::kMore;
}

bool COutbox::IsSenders() {
  CMutexLock lock(m_mutex);
  return m_owner == EOwner::kSender;
}

bool COutbox::TakeQueued(CBlockQueue& to) {
  CMutexLock lock(m_mutex);
  to.Splice(std::move(m_queue));
  return !m_isClosed;
}

COutbox::EEnd COutbox::EndSending() {
  CMutexLock lock(m_mutex);
  return m_queue.IsEmpty() ? Release() : EEnd::kMore;
}

COutbox::EEnd COutbox::Release() {
  m_owner = EOwner::kNobody;
  return std::exchange(m_isAwaited, false) ? EEnd::kAwaited : EEnd::kReleased;
}

bool COutbox::IsNobodys() {
  m_isAwaited = m_owner != EOwner::kNobody;
  return !m_isAwaited;
}

bool COutbox::Close() {
  CBlockQueue dropped;
  CMutexLock lock(m_mutex);
  m_isClosed = true;
  dropped = std::move(m_queue);
  return IsNobodys();
}

bool COutbox::IsDrained() {
  CMutexLock lock(m_mutex);
  return IsNobodys();
}

}  // namespace switchboard
