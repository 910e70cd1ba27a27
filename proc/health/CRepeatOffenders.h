#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

#include "misc/CClock.h"

namespace switchboard {

// Says when a msgCode has killed workers too often.
// Threads: one.
class CRepeatOffenders {
 public:
  static constexpr size_t kDeaths = 3;
  static constexpr std::chrono::minutes kWithin{1};

  explicit CRepeatOffenders(const CClock& clock) : m_clock(clock) {}

  // The handler of `msgCode` has killed one more worker; true when that makes kDeaths of them within a minute.
  bool NoteDeath(uint16_t msgCode);
  void Clear() { m_deaths.clear(); }

 private:
  const CClock& m_clock;
  std::map<uint16_t, std::deque<MonotonicTime>> m_deaths;  // the last ones of each, oldest first
};

}  // namespace switchboard
