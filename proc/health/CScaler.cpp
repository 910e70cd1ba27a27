#include "proc/health/CScaler.h"

#include <numeric>

namespace switchboard {

void CScaler::Configure(const std::optional<SDynamicWorkers>& limits) {
  m_limits = limits;
  m_nextLook.reset();
  Restart();
}

void CScaler::Restart() {
  m_busyLooks = 0;
  m_idleLooks = 0;
  if (m_limits) m_nextLook = m_clock.Now() + kInterval;
}

CScaler::EAdvice CScaler::Look(const std::vector<double>& loads) {
  if (!m_limits) return EAdvice::kStay;
  m_nextLook = m_clock.Now() + kInterval;
  if (loads.empty()) return EAdvice::kStay;
  const EAdvice advice = Judge(loads);
  if (advice != EAdvice::kStay) Restart();
  return advice;
}

CScaler::EAdvice CScaler::Judge(const std::vector<double>& loads) {
  const double sum = std::accumulate(loads.begin(), loads.end(), 0.0);
  const auto workers = static_cast<double>(loads.size());
  const bool isBusy = sum > m_limits->load * workers && loads.size() < m_limits->max;
  const bool isIdle = sum < kSlack * m_limits->load * (workers - 1) && loads.size() > m_limits->min;
  m_busyLooks = isBusy ? m_busyLooks + 1 : 0;
  m_idleLooks = isIdle ? m_idleLooks + 1 : 0;
  if (m_busyLooks >= kGrowAfter) return EAdvice::kGrow;
  if (m_idleLooks >= kShrinkAfter) return EAdvice::kShrink;
  return EAdvice::kStay;
}

}  // namespace switchboard
