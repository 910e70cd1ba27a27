#include "client-sim/scenario/CScenario.h"

#include <algorithm>
#include <utility>

namespace switchboard::sim {
namespace {

// The turn of a class in the order, as a fraction of it: a class of weight w comes at 1/2w, 3/2w, 5/2w, …
struct STurn {
  uint64_t twiceTurn;  // 1, 3, 5, …
  uint32_t weight;
  uint32_t index;

  bool operator<(const STurn& other) const {
    const uint64_t left = twiceTurn * other.weight;
    const uint64_t right = other.twiceTurn * weight;
    return left != right ? left < right : index < other.index;
  }
};

}  // namespace

CScenario::CScenario(std::deque<SConnectionClass> classes) : m_classes(std::move(classes)) {
  // So the connections of each class are spread evenly over all.
  std::vector<STurn> turns;
  for (uint32_t index = 0; index < m_classes.size(); ++index) {
    const uint32_t weight = m_classes[index].weight;
    for (uint64_t turn = 0; turn < weight; ++turn) turns.push_back({2 * turn + 1, weight, index});
  }
  std::sort(turns.begin(), turns.end());
  for (const STurn& turn : turns) m_order.push_back(turn.index);
}

}  // namespace switchboard::sim
