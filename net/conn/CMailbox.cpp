#include "net/conn/CMailbox.h"

#include <utility>

namespace switchboard {

void CMailbox::Open(uint32_t generation, bool hasOpening) {
  CMutexLock lock(m_mutex);
  m_generation = generation;
  m_isOpening = hasOpening;
  m_isEnd = m_isBlocked = false;
  m_deferral = EDeferral::kNone;
  m_isScheduled.store(hasOpening, std::memory_order_relaxed);
}

bool CMailbox::Post(BlockPtr p_block) {
  m_bytes.fetch_add(static_cast<uint32_t>(p_block->Unused().size()), std::memory_order_seq_cst);
  CMutexLock lock(m_mutex);
  m_blocks.PushBack(std::move(p_block));
  return Schedule();
}

bool CMailbox::PostEnd() {
  CMutexLock lock(m_mutex);
  m_isEnd = true;
  return Schedule();
}

bool CMailbox::Schedule() {
  if (m_isScheduled.load(std::memory_order_relaxed)) return false;
  m_isScheduled.store(true, std::memory_order_relaxed);
  return true;
}

CMailbox::SPiece CMailbox::Take() {
  SPiece piece;
  CMutexLock lock(m_mutex);
  if (m_isOpening) {
    m_isOpening = false;
    piece.isOpening = true;
  } else if (!m_blocks.IsEmpty()) {
    piece.p_block = m_blocks.PopFront();
  } else if (m_isEnd) {
    m_isEnd = false;
    piece.isEnd = true;
  }
  return piece;
}

void CMailbox::PutBack(BlockPtr p_block) {
  CMutexLock lock(m_mutex);
  m_blocks.PushFront(std::move(p_block));
}

bool CMailbox::Leave() {
  CMutexLock lock(m_mutex);
  if (m_isOpening || !m_blocks.IsEmpty() || m_isEnd) return true;
  m_isScheduled.store(false, std::memory_order_release);
  return false;
}

bool CMailbox::Block() {
  CMutexLock lock(m_mutex);
  if (m_deferral == EDeferral::kNone) return true;
  m_isBlocked = true;
  return false;
}

void CMailbox::BeginDeferral() {
  CMutexLock lock(m_mutex);
  m_deferral = EDeferral::kPending;
  // In an inline turn of sb-io nothing was scheduled; from here on posts must wait.
  m_isScheduled.store(true, std::memory_order_relaxed);
}

bool CMailbox::ClaimDeferral(uint32_t generation) {
  CMutexLock lock(m_mutex);
  if (generation != m_generation || m_deferral != EDeferral::kPending) return false;
  m_deferral = EDeferral::kClaimed;
  return true;
}

bool CMailbox::Unblock() {
  CMutexLock lock(m_mutex);
  m_deferral = EDeferral::kNone;
  return std::exchange(m_isBlocked, false);
}

}  // namespace switchboard
