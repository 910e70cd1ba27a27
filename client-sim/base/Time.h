// Time as timetables and deadlines use it: durations, and points on the monotonic clock. Figures that end up in a
// report are plain numbers of nanoseconds, as its fields say.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "misc/thread/CClock.h"

namespace switchboard::sim {

using Nanoseconds = std::chrono::nanoseconds;

// A deadline that doesn't come.
inline constexpr MonotonicTime kNever = MonotonicTime::max();

inline double SecondsOf(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// From a calculation or a file: 30 years at most, so that whatever is added to it stays a time.
inline Nanoseconds ToNanoseconds(double ns) { return Nanoseconds(static_cast<int64_t>(std::clamp(ns, 0.0, 1e18))); }

}  // namespace switchboard::sim
