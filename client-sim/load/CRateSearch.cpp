#include "client-sim/load/CRateSearch.h"

namespace switchboard::sim {
namespace {

constexpr double kLowestRate = 1;
constexpr double kHighestRate = 1e9;

}  // namespace

void CRateSearch::Tell(bool isMet) {
  ++m_trials;
  if (!isMet && !m_hasMissed) {
    m_hasMissed = true;
  } else {
    m_hasMissed = false;
    (isMet ? m_best : m_worst) = m_next;
    Choose();
  }
  if (m_trials == kMaxTrials) m_isOver = true;
}

void CRateSearch::Choose() {
  if (m_worst == 0) {
    m_next = m_best * 2;
    m_isOver = m_next > kHighestRate;
  } else if (m_best == 0) {
    // The first rate was too much already.
    m_next = m_worst / 4;
    m_isOver = m_next < kLowestRate;
  } else {
    m_next = (m_best + m_worst) / 2;
    m_isOver = m_worst - m_best <= kPrecision * m_best;
  }
}

}  // namespace switchboard::sim
