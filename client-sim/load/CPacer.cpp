#include "client-sim/load/CPacer.h"

#include <cmath>

#include "client-sim/base/Random.h"

namespace switchboard::sim {

CPacer::CPacer(const SPlan& plan)
    : m_plan(plan),
      m_rate(plan.rate / 1e9 / plan.pacers),
      m_random(SeedOf(plan.seed, plan.index)),
      m_due(plan.isPoisson ? ExponentialGap() : (plan.index + 1.0) / plan.pacers),
      m_nextNs(TimeOf(m_due)) {}

void CPacer::Advance() {
  m_due += m_plan.isPoisson ? ExponentialGap() : 1.0;
  m_nextNs = TimeOf(m_due);
}

double CPacer::RateAt(const SPlan& plan, uint64_t ns) {
  return ns >= plan.rampNs ? plan.rate : plan.rate * static_cast<double>(ns) / static_cast<double>(plan.rampNs);
}

uint64_t CPacer::TimeOf(double requests) const {
  // Λ(t) = r t² / 2T within the ramp of length T, and r T / 2 + r (t − T) behind it.
  const auto ramp = static_cast<double>(m_plan.rampNs);
  const double dueInRamp = m_rate * ramp / 2;
  const double ns = requests < dueInRamp ? std::sqrt(2 * requests * ramp / m_rate) : ramp / 2 + requests / m_rate;
  return static_cast<uint64_t>(ns);
}

double CPacer::ExponentialGap() {
  // Uniform over (0, 1]: the logarithm of 0 has no place here.
  const double uniform = (static_cast<double>(NextRandom(m_random)) + 1.0) / 4294967296.0;
  return -std::log(uniform);
}

}  // namespace switchboard::sim
