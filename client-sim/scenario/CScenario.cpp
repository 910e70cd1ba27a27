#include "client-sim/scenario/CScenario.h"

#include <numeric>
#include <stdexcept>
#include <utility>

namespace switchboard::sim {

SConnectionClass& CScenario::Add(SConnectionClass oneClass) {
  m_classes.push_back(std::move(oneClass));
  uint64_t sum = 0;
  for (const SConnectionClass& one : m_classes) sum += one.weight;
  if (sum > kMaxWeights) throw std::length_error("the weights of the classes sum up to more than 10000");
  // Each turn every class gains its weight, and the one that has gained most pays the sum: so they are spread evenly.
  m_order.clear();
  std::vector<int64_t> gained(m_classes.size());
  for (uint64_t turn = 0; turn < sum; ++turn) {
    size_t richest = 0;
    for (size_t i = 0; i < gained.size(); ++i) {
      gained[i] += m_classes[i].weight;
      if (gained[i] > gained[richest]) richest = i;
    }
    gained[richest] -= static_cast<int64_t>(sum);
    m_order.push_back(richest);
  }
  return m_classes.back();
}

}  // namespace switchboard::sim
