#include "net/conn/COutbox.h"

#include <utility>

namespace switchboard {

void COutbox::Open(uint32_t generation) {
  m_bytes.store(0, std::memory_order_relaxed);
  m_state.store(uint64_t{generation} << 32, std::memory_order_release);
}

COutbox::EOwn COutbox::TryOwn(uint32_t generation) {
  const uint64_t free = uint64_t{generation} << 32;
  uint64_t state = free;
  // Whoever owns it also sees to what is queued, so "nobody" implies an empty queue.
  if (m_state.compare_exchange_strong(state, free | kDirect, std::memory_order_acq_rel)) [[likely]]
    return EOwn::kOwned;
  return IsGone(state, generation) ? EOwn::kGone : EOwn::kBusy;
}

bool COutbox::Join(uint32_t generation, std::span<const std::byte> bytes) {
  CMutexLock lock(m_mutex);
  CBlock* const p_last = m_queue.Last();
  if (p_last == nullptr || IsGone(m_state.load(std::memory_order_acquire), generation) || p_last->File() != nullptr ||
      p_last->Free() < bytes.size()) {
    return false;
  }
  p_last->Append(bytes);
  return true;
}

COutbox::EAppend COutbox::Append(uint32_t generation, BlockPtr p_block, uint32_t limit) {
  const auto bytes = static_cast<uint32_t>(p_block->Memory());
  CMutexLock lock(m_mutex);
  if (IsGone(m_state.load(std::memory_order_acquire), generation)) return EAppend::kGone;
  const uint64_t held = m_bytes.load(std::memory_order_relaxed);
  if (held + bytes > limit && (held > 0 || p_block->Unused().size() > limit)) return EAppend::kOverflow;
  m_bytes.fetch_add(bytes, std::memory_order_seq_cst);
  m_queue.PushBack(std::move(p_block));
  const uint64_t before =
      Change([](uint64_t state) { return state | kQueued | (IsNobodys(state) ? kSender : uint64_t{0}); });
  return IsNobodys(before) ? EAppend::kHandOver : EAppend::kQueued;
}

COutbox::EEnd COutbox::EndDirect(BlockPtr p_rest) {
  CMutexLock lock(m_mutex);
  if ((m_state.load(std::memory_order_acquire) & kClosed) == 0 && p_rest != nullptr) {
    m_bytes.fetch_add(static_cast<uint32_t>(p_rest->Memory()), std::memory_order_seq_cst);
    m_queue.PushFront(std::move(p_rest));
  }
  if (m_queue.IsEmpty()) return Release();
  Change([](uint64_t state) { return (state & ~kDirect) | kSender | kQueued; });
  return EEnd::kMore;
}

bool COutbox::TakeQueued(CBlockQueue& to) {
  CMutexLock lock(m_mutex);
  to.Splice(std::move(m_queue));
  return (Change([](uint64_t state) { return state & ~kQueued; }) & kClosed) == 0;
}

COutbox::EEnd COutbox::EndSending() {
  CMutexLock lock(m_mutex);
  return m_queue.IsEmpty() ? Release() : EEnd::kMore;
}

COutbox::EEnd COutbox::Release() {
  const uint64_t before =
      Change([](uint64_t state) { return state & ~(kDirect | kSender | kFiles | kQueued | kAwaited); });
  return (before & kAwaited) != 0 ? EEnd::kAwaited : EEnd::kReleased;
}

bool COutbox::Close() {
  CBlockQueue dropped;
  CMutexLock lock(m_mutex);
  dropped = std::move(m_queue);
  return IsNobodys(Change([](uint64_t state) {
    return ((state | kClosed) & ~(kQueued | kAwaited)) | (IsNobodys(state) ? uint64_t{0} : kAwaited);
  }));
}

bool COutbox::IsDrained() {
  return IsNobodys(
      Change([](uint64_t state) { return (state & ~kAwaited) | (IsNobodys(state) ? uint64_t{0} : kAwaited); }));
}

}  // namespace switchboard
