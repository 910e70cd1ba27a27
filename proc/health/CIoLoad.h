#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "misc/thread/CClock.h"

namespace switchboard {

// How much of a core sb-io of each worker uses: the CPU time of that thread, as the kernel accounts for it in /proc
// (utime and stime of proc(5), to 1/100 s). A worker that waits for a core is not busy by this measure, so that no
// worker is added for want of cores.
// Threads: one, the master's.
class CIoLoad {
 public:
  // Since the last call for this worker; nullopt at the first, and when the process is gone.
  std::optional<double> Measure(pid_t pid, MonotonicTime now);
  // Of all of these workers; empty when one of them can't be told.
  std::vector<double> MeasureAll(const std::vector<pid_t>& pids, MonotonicTime now);
  void Forget(pid_t pid) { m_workers.erase(pid); }

 private:
  struct SWorker {
    pid_t thread = 0;
    double cpuSeconds = 0;
    MonotonicTime at{};
  };

  std::map<pid_t, SWorker> m_workers;
};

}  // namespace switchboard
