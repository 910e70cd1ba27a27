#include "client-sim/load/CPacer.h"

#include <cmath>

#include "client-sim/base/Random.h"

namespace switchboard::sim {

CPacer::CPacer(const SPlan& plan)
    : m_plan(plan),
      m_rate(plan.rate / 1e9 / plan.pacers),
      m_random(SeedOf(plan.seed, plan.index)),
      m_due(plan.isPoisson ? ExponentialGap() : (plan.index + 1.0) / plan.pacers),
      m_next(TimeOf(m_due)) {}

void CPacer::Advance() {
  m_due += m_plan.isPoisson ? ExponentialGap() : 1.0;
  m_next = TimeOf(m_due);
}

double CPacer::RateAt(const SPlan& plan, Nanoseconds sinceStart) {
  if (sinceStart >= plan.ramp) return plan.rate;
  return plan.rate * static_cast<double>(sinceStart.count()) / static_cast<double>(plan.ramp.count());
}

Nanoseconds CPacer::TimeOf(double requests) const {
  // Λ(t) = r t² / 2T within the ramp of length T, and r T / 2 + r (t − T) behind it.
  const auto ramp = static_cast<double>(m_plan.ramp.count());
  const double dueInRamp = m_rate * ramp / 2;
  const double ns = requests < dueInRamp ? std::sqrt(2 * requests * ramp / m_rate) : ramp / 2 + requests / m_rate;
  return ToNanoseconds(ns);
}

double CPacer::ExponentialGap() {
  // Uniform over (0, 1]: the logarithm of 0 has no place here.
  const double uniform = (static_cast<double>(NextRandom(m_random)) + 1.0) / 4294967296.0;
  return -std::log(uniform);
}

}  // namespace switchboard::sim
