#include "proc/health/CRepeatOffenders.h"

namespace switchboard {

bool CRepeatOffenders::NoteDeath(uint16_t msgCode, EKind kind) {
  std::deque<MonotonicTime>& deaths = m_deaths[{msgCode, kind}];
  deaths.push_back(m_clock.Now());
  if (deaths.size() > kDeaths) deaths.pop_front();
  return deaths.size() == kDeaths && deaths.back() - deaths.front() <= kWithin;
}

}  // namespace switchboard
