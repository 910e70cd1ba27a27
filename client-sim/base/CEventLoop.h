#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "client-sim/base/Time.h"
#include "misc/file/CFd.h"

namespace switchboard::sim {

// Is told what happens to its descriptor, and when its time has come.
// Threads: the loop's.
class CEventHandler {
 public:
  // `events` are epoll's.
  virtual void OnEvents(uint32_t events) = 0;
  // A time that WakeAt was given. None is ever taken back: whoever is woken without need does nothing.
  virtual void OnTime() {}

 protected:
  ~CEventHandler() = default;
};

// Waits on the descriptors and the times of its handlers, and calls them. One virtual call for each event; nothing is
// allocated for one.
// Threads: one.
class CEventLoop {
 public:
  // `clock` is the monotonic one, and outlives this. Throws std::system_error.
  explicit CEventLoop(const CClock& clock);
  CEventLoop(const CEventLoop&) = delete;
  CEventLoop& operator=(const CEventLoop&) = delete;

  // `events` are epoll's. A closed descriptor is watched no longer. The handler outlives its watch and its times. These
  // throw std::system_error: as the descriptor is open, only when the kernel is out of memory or of watches, and then
  // nothing of the run could be trusted.
  void Add(int fd, uint32_t events, CEventHandler& handler) { Control(EPOLL_CTL_ADD, fd, events, &handler); }
  void Modify(int fd, uint32_t events, CEventHandler& handler) { Control(EPOLL_CTL_MOD, fd, events, &handler); }
  void Remove(int fd) { Control(EPOLL_CTL_DEL, fd, 0, nullptr); }
  // The handler is about to die: what this turn has found for it is dropped. Its descriptors are closed or removed.
  void Forget(const CEventHandler& handler);
  void WakeAt(MonotonicTime at, CEventHandler& handler) { m_times.emplace(at, &handler); }

  // One turn: waits for an event or a time, until `deadline` at most, and calls the handlers. More than a few hundred
  // events are left for the next turn, and so are times that come up while others are handled.
  void Turn(MonotonicTime deadline = kNever);
  // Turns until `isOver`, which is asked before each, or `deadline`.
  template <typename Predicate>
  void RunUntil(MonotonicTime deadline, Predicate isOver) {
    while (!isOver() && Now() < deadline) Turn(deadline);
  }

  // The time of this turn: the clock is read once for all that don't ask for more.
  MonotonicTime Now() { return m_isStale ? Refresh() : m_now; }
  // Reads the clock, for what follows as well.
  MonotonicTime Refresh() {
    m_isStale = false;
    return m_now = m_clock.Now();
  }

 private:
  using Time = std::pair<MonotonicTime, CEventHandler*>;

  void Control(int operation, int fd, uint32_t events, CEventHandler* p_handler);
  // The rest of the time until `deadline`; nullptr, for ever, for kNever.
  const timespec* TimeLeft(MonotonicTime deadline, timespec& timeout);

  const CClock& m_clock;
  const CFd m_epoll;
  std::array<epoll_event, 256> m_events{};
  size_t m_found = 0;  // events of this turn
  std::priority_queue<Time, std::vector<Time>, std::greater<>> m_times;
  MonotonicTime m_now;
  bool m_isStale = true;  // m_now is from before the wait
};

// A handler for the few descriptors of a program that aren't connections: wake-ups, signals, listeners.
// Threads: the loop's.
class CEventCallback final : public CEventHandler {
 public:
  explicit CEventCallback(std::function<void()> callback) : m_callback(std::move(callback)) {}
  void OnEvents(uint32_t) override { m_callback(); }

 private:
  const std::function<void()> m_callback;
};

}  // namespace switchboard::sim
