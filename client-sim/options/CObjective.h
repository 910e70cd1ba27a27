#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client-sim/base/CHistogram.h"
#include "client-sim/base/Time.h"

namespace switchboard::sim {

// A service level: so many percent of all requests are answered within a time. A request that is rejected, lost or
// could not even be sent took longer than any time.
// Threads: any; constant after construction.
class CObjective {
 public:
  CObjective(double percent, Nanoseconds limit) : m_percent(percent), m_limit(limit) {}

  // "p99=5ms,p50=1ms". Throws std::invalid_argument.
  static std::vector<CObjective> List(const std::string& text);

  // `failures` is the number of requests that were never rightly answered.
  bool IsMet(const CHistogram& latencies, uint64_t failures) const;

  // What was measured instead, and by how much it is over the limit: "p99 is 7.31 ms, 46 % over 5.00 ms". Only when it
  // isn't met.
  std::string Miss(const CHistogram& latencies, uint64_t failures) const;

  double Percent() const { return m_percent; }
  Nanoseconds Limit() const { return m_limit; }
  // "p99 ≤ 5ms"
  std::string Text() const;

 private:
  double m_percent;
  Nanoseconds m_limit;
};

}  // namespace switchboard::sim
