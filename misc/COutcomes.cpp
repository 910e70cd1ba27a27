#include "misc/COutcomes.h"

#include <algorithm>

namespace switchboard {

void COutcomes::End(bool isDone, std::string_view text) {
  const size_t length = std::min(text.size(), kMaxText);
  std::copy_n(text.begin(), length, m_text.begin());
  m_length.store(static_cast<uint32_t>(length), std::memory_order_relaxed);
  m_isDone.store(isDone ? 1 : 0, std::memory_order_relaxed);
  m_ended.store(m_begun.load(std::memory_order_relaxed), std::memory_order_release);
}

std::optional<COutcomes::SOutcome> COutcomes::After(uint32_t begun) const {
  // The counts may have come round.
  if (static_cast<int32_t>(m_ended.load(std::memory_order_acquire) - begun) <= 0) return std::nullopt;
  const size_t length = std::min<size_t>(m_length.load(std::memory_order_relaxed), kMaxText);
  return SOutcome{m_isDone.load(std::memory_order_relaxed) != 0, std::string(m_text.data(), length)};
}

}  // namespace switchboard
