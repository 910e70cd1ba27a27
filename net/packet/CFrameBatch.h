#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/wire/CFrameDecoder.h"

namespace switchboard {

// Whole packets, back to back, that handlers take from the front; and how many they may.
// Threads: one owner at a time.
class CFrameBatch {
 public:
  CFrameBatch(std::span<const std::byte> frames, uint32_t quota)
      : m_p_next(frames.data()), m_p_end(frames.data() + frames.size()), m_quota(quota) {}

  bool IsOver() const { return m_p_next == m_p_end || m_quota == 0; }
  // Only while it isn't over. The packet lives as long as the bytes.
  SFrame Front() const { return SFrame::At(m_p_next); }
  void Pop(const SFrame& front) {
    m_p_next += front.Bytes();
    --m_quota;
  }
  std::span<const std::byte> Rest() const { return {m_p_next, m_p_end}; }
  uint32_t Quota() const { return m_quota; }

 private:
  const std::byte* m_p_next;
  const std::byte* m_p_end;
  uint32_t m_quota;
};

}  // namespace switchboard
