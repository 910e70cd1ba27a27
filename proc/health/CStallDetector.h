#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "misc/thread/CClock.h"
#include "net/wire/Counters.h"
#include "proc/health/TracedPacket.h"

namespace switchboard {

// A thread that has been at one and the same piece of work for too long.
struct SStall {
  std::string thread;
  std::optional<STracedPacket> packet;  // none: it is at no handler
  std::optional<STracedCode> code;      // what else it runs of the user's

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
    std::vector<SStall> slow;     // handlers and the like of any thread, each once for each piece of work
    std::optional<SStall> fatal;  // a thread that the worker can't do without, or the last one of a pool
    bool areAllBusy = false;      // with `fatal`: every thread of a pool is stuck
  };

  // `page` outlives the detector. What takes longer than `slow` is slow; a limit of zero is none.
  CStallDetector(const SWorkerPage& page, const std::vector<std::string>& businessThreads,
                 MonotonicTime::duration limit, MonotonicTime::duration slow);

  SFindings Look(MonotonicTime now);
  // What was seen so far counts no longer: the worker, or the one who looks, was not running.
  void Restart(MonotonicTime now);

 private:
  struct SWatched {
    SNamedTrace trace;
    uint64_t ticks = 0;
    MonotonicTime since{};  // when `ticks` were seen first
    bool isReported = false;
    bool isSlowReported = false;
  };

  // Notes the thread's ticks; how long it has been at the same piece of work.
  static MonotonicTime::duration TimeAtOne(SWatched& watched, MonotonicTime now);
  SStall Describe(const SWatched& watched) const;

  const SWorkerPage& m_page;
  const MonotonicTime::duration m_limit;
  const MonotonicTime::duration m_slow;
  std::vector<SWatched> m_threads;
};

}  // namespace switchboard
