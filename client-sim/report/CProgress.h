#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "client-sim/report/CLiveView.h"
#include "misc/thread/CClock.h"

namespace switchboard::sim {

// Shows how far a transfer has got: on a terminal a bar that is redrawn in place, elsewhere a line a second.
// Threads: one.
class CProgress {
 public:
  CProgress(SLiveOutput output, const CClock& clock) : m_output(std::move(output)), m_clock(clock) {}

  // Something of `total` bytes begins (again), of which `have` are there already.
  void Begin(std::string name, uint64_t have, uint64_t total);
  void Update(uint64_t have);
  // Clears the bar, so that what is printed next takes its place.
  void End();

  // Since the first Begin.
  double Seconds() const;

 private:
  std::string Line(MonotonicTime now) const;

  const SLiveOutput m_output;
  const CClock& m_clock;
  std::string m_name;
  uint64_t m_startHave = 0;
  uint64_t m_have = 0;
  uint64_t m_total = 0;
  MonotonicTime m_first{};
  MonotonicTime m_start{};
  MonotonicTime m_next{};  // when to show something again
  bool m_isDrawn = false;
};

// "1.20 GB/s", decimal as disks and networks count.
std::string ByteRateText(double bytesPerSecond);

}  // namespace switchboard::sim
