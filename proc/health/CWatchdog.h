#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "misc/thread/CClock.h"
#include "net/wire/Counters.h"
#include "proc/health/CStallDetector.h"

namespace switchboard {

// What the watchdog wants done about a worker.
struct SWatchdogOrder {
  enum class EKind : uint8_t {
    kSlow,    // a handler takes long
    kReport,  // a handler is stuck; the others go on
    kAbort,   // the worker can't go on: it is to leave a core, and to end
    kKill     // it didn't end
  };

  pid_t pid = 0;
  EKind kind = EKind::kReport;
  std::string reason;   // "hangs: sb-io has not moved for 30 s"
  uint64_t thread = 0;  // of kAbort: whose handler is to blame, if one is: a pthread_t
  uint32_t what = 0;    // of kSlow: the msgCode, or over 65535 an EUserCode
};

// Decides which workers hang. It only decides: the master signals, and tells it which workers are stopped (SIGSTOP).
// Threads: one, the master's.
class CWatchdog {
 public:
  // How long an aborted worker may take to end. Its core is cut off then: clients wait in its accept queues.
  static constexpr std::chrono::milliseconds kAbortGrace{200};

  explicit CWatchdog(const CClock& clock) : m_clock(clock) {}

  // From now on the worker moves within `limit`. `page` is its own until Forget. A handler that
  // takes longer than `slow` is reported. Zero is no limit.
  void Watch(pid_t pid, const SWorkerPage& page, const std::vector<std::string>& businessThreads,
             std::chrono::milliseconds limit, std::chrono::milliseconds slow = {});
  // The worker is dead, or was told to stop and has a deadline of its own.
  void Forget(pid_t pid) { m_workers.erase(pid); }
  // Somebody has stopped the process, and let it continue.
  void NoteStopped(pid_t pid);
  void NoteContinued(pid_t pid);

  // When Look is due; nullopt when there is nobody to watch.
  std::optional<MonotonicTime> NextLook() const;
  // To be called at that time or at any other.
  std::vector<SWatchdogOrder> Look();

 private:
  struct SWorker {
    CStallDetector detector;
    std::chrono::milliseconds limit;
    std::chrono::milliseconds slow;
    MonotonicTime lastLook;
    std::optional<MonotonicTime> stoppedAt = std::nullopt;
    std::optional<MonotonicTime> killAt = std::nullopt;  // aborted; nullopt again once it was killed
    bool isCondemned = false;

    std::optional<MonotonicTime> NextLook() const;
  };

  void LookAt(pid_t pid, SWorker& worker, MonotonicTime now, std::vector<SWatchdogOrder>& orders) const;
  void LookAtThreads(pid_t pid, SWorker& worker, MonotonicTime now, std::vector<SWatchdogOrder>& orders) const;
  static void Condemn(pid_t pid, SWorker& worker, MonotonicTime now, std::string reason, uint64_t thread,
                      std::vector<SWatchdogOrder>& orders);

  const CClock& m_clock;
  std::map<pid_t, SWorker> m_workers;
};

}  // namespace switchboard
