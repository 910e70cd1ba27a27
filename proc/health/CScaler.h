#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"

namespace switchboard {

// Decides how many workers a load needs (server.workers as a table). Two thresholds and two patiences keep it from
// swinging: one worker more when the average is over `load` for kGrowAfter looks in a row; one less when even without
// it the average would stay under kSlack of `load`, for kShrinkAfter looks in a row.
// Threads: one, the master's.
class CScaler {
 public:
  enum class EAdvice : uint8_t { kStay, kGrow, kShrink };

  static constexpr std::chrono::seconds kInterval{1};
  static constexpr uint32_t kGrowAfter = 3;
  static constexpr uint32_t kShrinkAfter = 10;
  static constexpr double kSlack = 0.7;

  explicit CScaler(const CClock& clock) : m_clock(clock) {}

  // From now on these limits; none: never any advice.
  void Configure(const std::optional<SDynamicWorkers>& limits);
  // Counts from the beginning: the number of workers has changed.
  void Restart();

  // When the load is to be measured next; nullopt without limits.
  std::optional<MonotonicTime> NextLook() const { return m_nextLook; }
  bool IsDue() const { return m_nextLook && *m_nextLook <= m_clock.Now(); }
  // `loads` are the shares of a core of all workers; empty when they are not known this time.
  EAdvice Look(const std::vector<double>& loads);

 private:
  EAdvice Judge(const std::vector<double>& loads);

  const CClock& m_clock;
  std::optional<SDynamicWorkers> m_limits;
  std::optional<MonotonicTime> m_nextLook;
  uint32_t m_busyLooks = 0;
  uint32_t m_idleLooks = 0;
};

}  // namespace switchboard
