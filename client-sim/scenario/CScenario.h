#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "client-sim/base/Time.h"
#include "client-sim/scenario/CWorkload.h"

namespace switchboard::sim {

// What connections of one kind do.
struct SConnectionClass {
  std::string name;
  uint32_t weight = 1;     // share of the connections
  uint32_t depth = 1;      // most requests in flight; 0: no limit
  Nanoseconds thinkLow{};  // closed loop: a pause after the last reply, before the next `depth` requests
  Nanoseconds thinkHigh{};
  CWorkload workload;
  std::vector<uint8_t> session;  // messages of a new connection, each sent after the answer to the one before
  std::vector<uint8_t> loop;     // then these in turn; empty: by their weights
};

// The classes of a run, and which connection belongs to which.
// Threads: any; constant after construction.
class CScenario {
 public:
  static constexpr size_t kMaxWeights = 10'000;

  CScenario() = default;
  // The weights sum up to kMaxWeights at most.
  explicit CScenario(std::deque<SConnectionClass> classes);
  // There is at least one.
  const SConnectionClass& ClassOf(uint32_t connection) const { return m_classes[m_order[connection % m_order.size()]]; }
  const std::deque<SConnectionClass>& Classes() const { return m_classes; }

 private:
  std::deque<SConnectionClass> m_classes;
  std::vector<uint32_t> m_order;  // class of connection 0, 1, 2, …, over and over
};

}  // namespace switchboard::sim
