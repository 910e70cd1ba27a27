#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "misc/CClock.h"
#include "net/wire/Counters.h"
#include "proc/health/TracedPacket.h"

namespace switchboard {

// A thread that has been at one and the same piece of work for too long.
struct SStall {
  std::string thread;
  std::optional<STracedPacket> packet;  // none: it is at no handler

  // "sb-work-3 at msgCode 7 from 127.0.0.1:4711 (session 0:12:3)"
  std::string ToString() const;
};

// Finds the threads of one worker that stall, by their ticks alone: two looks that see the same odd number saw the same
// piece of work.
// Threads: one, of another process than the worker.
class CStallDetector {
 public:
  struct SFindings {
    std::vector<SStall> stuck;    // business threads, each once for each piece of work
    std::optional<SStall> fatal;  // a thread that the worker can't do without, or the last one of a pool
    bool areAllBusy = false;      // with `fatal`: every thread of a pool is stuck
  };

  // `page` outlives the detector.
  CStallDetector(const SWorkerPage& page, const std::vector<std::string>& businessThreads,
                 MonotonicTime::duration limit);

  SFindings Look(MonotonicTime now);
  // What was seen so far counts no longer: the worker, or the one who looks, was not running.
  void Restart(MonotonicTime now);

 private:
  struct SWatched {
    SNamedTrace trace;
    uint64_t ticks = 0;
    MonotonicTime since{};  // when `ticks` were seen first
    bool isReported = false;
  };

  // Notes the thread's ticks; true when it stalls.
  bool IsStalled(SWatched& watched, MonotonicTime now) const;
  SStall Describe(const SWatched& watched) const;

  const SWorkerPage& m_page;
  const MonotonicTime::duration m_limit;
  std::vector<SWatched> m_threads;
};

}  // namespace switchboard
