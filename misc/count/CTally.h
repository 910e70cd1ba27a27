#pragma once

#include "misc/count/SWorkerPage.h"

namespace switchboard {

// Counts on a block of the scoreboard in the way that the block asks for: its own thread's, or everybody's.
// Threads: the owner of the block; any, for one made by Shared.
class CTally {
 public:
  static CTally Own(CCounters& counters) { return {counters, false}; }
  static CTally Shared(CCounters& counters) { return {counters, true}; }

  [[gnu::always_inline]] void Add(ECounter counter, uint64_t n = 1) const {
    if (m_isShared) [[unlikely]] {
      m_counters.AddShared(counter, n);
    } else {
      m_counters.Add(counter, n);
    }
  }

 private:
  CTally(CCounters& counters, bool isShared) : m_counters(counters), m_isShared(isShared) {}

  CCounters& m_counters;
  bool m_isShared;
};

}  // namespace switchboard
