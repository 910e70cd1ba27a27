#pragma once

#include <chrono>

namespace switchboard {

using MonotonicTime = std::chrono::steady_clock::time_point;

// The monotonic clock, as an object so that a test can put its own in place.
// Threads: any.
class CClock {
 public:
  virtual ~CClock() = default;
  virtual MonotonicTime Now() const { return std::chrono::steady_clock::now(); }
  // When it will be `time` by the system's clock, if both go on alike: for waits that the system ends.
  MonotonicTime OfSystem(MonotonicTime time) const { return std::chrono::steady_clock::now() + (time - Now()); }
};

}  // namespace switchboard
