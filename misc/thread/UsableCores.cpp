#include "misc/thread/UsableCores.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace switchboard {

uint32_t UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  // Fails on a machine with more cores than a cpu_set_t has bits.
  const bool isKnown = ::sched_getaffinity(0, sizeof(cores), &cores) == 0;
  const auto count = isKnown ? static_cast<uint32_t>(CPU_COUNT(&cores)) : std::thread::hardware_concurrency();
  return std::max<uint32_t>(count, 1);
}

}  // namespace switchboard
