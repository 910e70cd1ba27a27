#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "misc/thread/CClock.h"

namespace switchboard {

// Says when a msgCode has killed workers too often: of one kind, since slow is not deadly.
// Threads: one.
class CRepeatOffenders {
 public:
  static constexpr size_t kDeaths = 3;
  static constexpr std::chrono::minutes kWithin{1};

  explicit CRepeatOffenders(const CClock& clock) : m_clock(clock) {}

  enum class EKind : uint8_t {
    kCrash,  // the worker died of it
    kHang    // the watchdog ended the worker, because it took too long
  };

  // The handler of `msgCode` has cost one more worker; true when that makes kDeaths of them within a minute.
  bool NoteDeath(uint16_t msgCode, EKind kind);
  void Clear() { m_deaths.clear(); }

 private:
  const CClock& m_clock;
  std::map<std::pair<uint16_t, EKind>, std::deque<MonotonicTime>> m_deaths;  // the last ones of each, oldest first
};

}  // namespace switchboard
