#include "net/conn/CMailbox.h"

#include <algorithm>
#include <utility>

namespace switchboard {

void CMailbox::Open(uint32_t generation) {
  CMutexLock lock(m_mutex);
  m_generation = generation;
  m_isOpening = m_isEnd = m_isHeld = m_isBlocked = false;
  m_deferrals.clear();
  m_state.store(0, std::memory_order_relaxed);
}

bool CMailbox::PostOpening() {
  CMutexLock lock(m_mutex);
  m_isOpening = true;
  return Schedule();
}

bool CMailbox::Post(BlockPtr p_block) {
  CMutexLock lock(m_mutex);
  m_blocks.PushBack(std::move(p_block));
  return Schedule();
}

bool CMailbox::PostEnd() {
  CMutexLock lock(m_mutex);
  m_isEnd = true;
  return IsEndDue() && Schedule();
}

bool CMailbox::Schedule() {
  return (m_state.fetch_or(kScheduled | kPending, std::memory_order_acq_rel) & kScheduled) == 0;
}

CMailbox::SPiece CMailbox::Take() {
  SPiece piece;
  CMutexLock lock(m_mutex);
  if (m_isOpening) {
    m_isOpening = false;
    piece.isOpening = true;
  } else if (!m_blocks.IsEmpty()) {
    piece.p_block = m_blocks.PopFront();
  } else if (IsEndDue()) {
    m_isEnd = false;
    piece.isEnd = true;
  }
  if (!HasWork()) m_state.fetch_and(~kPending, std::memory_order_relaxed);
  return piece;
}

void CMailbox::PutBack(BlockPtr p_block) {
  CMutexLock lock(m_mutex);
  m_blocks.PushFront(std::move(p_block));
  m_state.fetch_or(kPending, std::memory_order_relaxed);
}

CMailbox::ELeft CMailbox::Leave() {
  uint32_t state = kScheduled;
  if (m_state.compare_exchange_strong(state, 0, std::memory_order_acq_rel)) [[likely]]
    return ELeft::kIdle;
  CMutexLock lock(m_mutex);
  if (HasWork()) return ELeft::kMore;
  return (m_state.exchange(0, std::memory_order_acq_rel) & kReadAwaiting) != 0 ? ELeft::kReadAwaits : ELeft::kIdle;
}

bool CMailbox::AwaitTurn() {
  uint32_t state = m_state.load(std::memory_order_acquire);
  while ((state & kScheduled) != 0) {
    if (m_state.compare_exchange_weak(state, state | kReadAwaiting, std::memory_order_acq_rel)) return true;
  }
  return false;
}

bool CMailbox::Block() {
  CMutexLock lock(m_mutex);
  m_isBlocked = m_isHeld;
  return !m_isBlocked;
}

uint32_t CMailbox::BeginDeferral(bool isHolding, std::shared_ptr<const CBlock> p_kept) {
  CMutexLock lock(m_mutex);
  m_deferrals.push_back({++m_lastDeferral, isHolding, false, std::move(p_kept)});
  if (isHolding) {
    m_isHeld = true;
    // In an inline turn of sb-io nothing was scheduled; from here on posts must wait.
    m_state.fetch_or(kScheduled, std::memory_order_relaxed);
  }
  return m_lastDeferral;
}

bool CMailbox::ClaimDeferral(uint32_t generation, uint32_t number) {
  CMutexLock lock(m_mutex);
  if (generation != m_generation) return false;
  const auto found = std::find_if(m_deferrals.begin(), m_deferrals.end(),
                                  [&](const SDeferral& deferral) { return deferral.number == number; });
  return found != m_deferrals.end() && !std::exchange(found->isClaimed, true);
}

std::shared_ptr<const CBlock> CMailbox::TakeKept(SDeferral& deferral) {
  if (deferral.p_kept != nullptr) Done(deferral.p_kept->Memory(), 0);
  return std::move(deferral.p_kept);
}

bool CMailbox::EndDeferral(uint32_t generation, uint32_t number) {
  std::shared_ptr<const CBlock> p_kept;  // dies after the lock
  CMutexLock lock(m_mutex);
  // One that holds nothing doesn't keep its connection from ending, nor the slot from its next life.
  if (generation != m_generation) return false;
  const auto found = std::find_if(m_deferrals.begin(), m_deferrals.end(),
                                  [&](const SDeferral& deferral) { return deferral.number == number; });
  if (found == m_deferrals.end()) return false;
  const bool wasHolding = found->isHolding;
  p_kept = TakeKept(*found);
  m_deferrals.erase(found);
  return GoOn(wasHolding);
}

CMailbox::SCancelled CMailbox::CancelDeferrals(uint32_t generation) {
  std::vector<std::shared_ptr<const CBlock>> kept;  // die after the lock
  CMutexLock lock(m_mutex);
  if (generation != m_generation) return {};
  for (SDeferral& deferral : m_deferrals) {
    if (!deferral.isClaimed && deferral.p_kept != nullptr) kept.push_back(TakeKept(deferral));
  }
  bool wasHolding = false;
  const auto count = std::erase_if(m_deferrals, [&](const SDeferral& deferral) {
    if (deferral.isClaimed) return false;
    wasHolding |= deferral.isHolding;
    return true;
  });
  return {static_cast<uint32_t>(count), count > 0 && GoOn(wasHolding)};
}

bool CMailbox::GoOn(bool wasHolding) {
  if (wasHolding) {
    m_isHeld = false;
    return std::exchange(m_isBlocked, false);
  }
  return IsEndDue() && Schedule();
}

}  // namespace switchboard
