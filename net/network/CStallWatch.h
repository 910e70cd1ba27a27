#pragma once

#include <algorithm>
#include <optional>

#include "misc/thread/CClock.h"

namespace switchboard {

// Finds out for how long an event loop has not looked at its sockets, since it was busy with something else or its
// process was stopped: what it reads then may have come at any time since.
// Threads: the loop's.
class CStallWatch {
 public:
  // A shorter stall is none.
  static constexpr MonotonicTime::duration kLeast = std::chrono::milliseconds(5);

  // The loop is about to wait.
  void BeginWait(MonotonicTime now) { m_waitAt = now; }
  // It was woken, by an event or at `deadline`. `wasStopped` is asked when that matters, whether the process was.
  // Returns how old what is read now can be; a backlog of more than one read stays that old until it can be read.
  template <class WasStopped>
  MonotonicTime::duration EndWait(MonotonicTime now, std::optional<MonotonicTime> deadline,
                                  const WasStopped& wasStopped) {
    const MonotonicTime::duration busy = m_waitAt - m_wokenAt.value_or(m_waitAt);
    m_wokenAt = now;
    MonotonicTime::duration late{0};
    if (now - m_waitAt >= kLeast && wasStopped()) {
      late = now - m_waitAt;
    } else if (deadline) {
      late = std::max(now - std::max(*deadline, m_waitAt), MonotonicTime::duration{0});
    }
    const MonotonicTime::duration lag = busy + late;
    const bool isKnown = now < m_until;
    if (lag >= kLeast && (!isKnown || lag > now - m_since)) {
      m_since = now - lag;
      m_until = now + std::max<MonotonicTime::duration>(lag, kLeastGrace);
      return lag;
    }
    return isKnown ? now - m_since : lag;
  }

 private:
  static constexpr MonotonicTime::duration kLeastGrace = std::chrono::seconds(1);

  MonotonicTime m_waitAt;
  std::optional<MonotonicTime> m_wokenAt;
  MonotonicTime m_since;  // the beginning of the last stall …
  MonotonicTime m_until;  // … and when its backlog is gone
};

}  // namespace switchboard
