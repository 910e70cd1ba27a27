#include "proc/sys/CBackoff.h"

#include <algorithm>

namespace switchboard {

CBackoff::Duration CBackoff::NoteEnd() {
  if (m_p_clock->Now() - m_startedAt >= kStableLife) m_next = Duration{0};
  const Duration delay = m_next;
  m_next = delay == Duration{0} ? kFirstDelay : std::min(2 * delay, kMaxDelay);
  return delay;
}

}  // namespace switchboard
