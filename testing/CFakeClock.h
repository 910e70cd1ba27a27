#pragma once

#include <atomic>
#include <chrono>

#include "misc/thread/CClock.h"

namespace switchboard {

// A monotonic clock that moves only when a test says so; it begins at a time that isn't the epoch.
// Threads: any.
class CFakeClock final : public CClock {
 public:
  MonotonicTime Now() const override { return MonotonicTime(MonotonicTime::duration(m_now.load())); }
  void Advance(MonotonicTime::duration by) { m_now.fetch_add(by.count()); }

 private:
  std::atomic<MonotonicTime::rep> m_now{std::chrono::nanoseconds(std::chrono::hours(1000)).count()};
};

}  // namespace switchboard
