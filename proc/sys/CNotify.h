#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "misc/thread/CClock.h"

namespace switchboard {

// Tells the service manager (systemd, Type=notify) what the server is at. Without one it does
// nothing; a note that it doesn't take at once is lost.
// Threads: one, the master's.
class CNotify {
 public:
  // Takes the interval of the manager's watchdog from the environment, and keeps it there for a later binary.
  explicit CNotify(const CClock& clock);

  // The process that the manager is to take for the service: its own again, or the master of a newer binary. Only with
  // NotifyAccess=all does the manager listen to either.
  void MainProcess(pid_t pid) const;
  // `status` is for the operator, one line.
  void Ready(const std::string& status = {});
  // Ready follows.
  void Reloading() const;
  void Stopping() const;

  // When the manager expects a sign of life; nullopt when it doesn't.
  std::optional<MonotonicTime> NextSignOfLife() const { return m_nextSignOfLife; }
  // Gives the sign if it is due.
  void SignOfLife();

 private:
  const CClock& m_clock;
  std::chrono::microseconds m_interval{0};  // half of what the manager allows
  std::optional<MonotonicTime> m_nextSignOfLife;
  bool m_isReady = false;
};

}  // namespace switchboard
