#pragma once

#include <chrono>

#include "misc/thread/CClock.h"

namespace switchboard {

// Says how long to wait before a dead worker is replaced: not at all the first time, then 0.1 s doubling to 5 s for as
// long as its successors live shorter than kStableLife.
// Threads: one.
class CBackoff {
 public:
  using Duration = std::chrono::milliseconds;

  static constexpr Duration kFirstDelay{100};
  static constexpr Duration kMaxDelay{5000};
  static constexpr Duration kStableLife{5000};

  explicit CBackoff(const CClock& clock) : m_p_clock(&clock) {}

  void NoteStart() { m_startedAt = m_p_clock->Now(); }
  // After the death of what NoteStart started: the time to wait before the next start.
  Duration NoteEnd();

 private:
  const CClock* m_p_clock;
  MonotonicTime m_startedAt{};
  Duration m_next{0};
};

}  // namespace switchboard
