#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "misc/file/CFd.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// This worker's end of the line to another worker process: whole records, in the order in which they were given.
// One thread at a time writes to the socket, and none waits for it; what doesn't go at once is queued, up to a limit,
// so that a worker that is slow or stopped holds up nobody.
// Threads: Send by any; the rest by sb-hub.
class CLink {
 public:
  enum class ESend : uint8_t {
    kSent,
    kQueued,    // somebody writes already
    kHandOver,  // the socket is full: sb-hub is to wait for it
    kDropped    // more than `limit` bytes wait, or the other end is gone
  };

  // Without a socket at first: what is sent is queued until there is one.
  explicit CLink(uint32_t process) : m_process(process) {}

  uint32_t Process() const { return m_process; }
  int Fd() const { return m_fd.Get(); }

  // `limit` bounds what waits, in bytes; a duty is never dropped for it.
  ESend Send(std::span<const std::byte> record, size_t limit, bool isDuty);

  // The socket is there: sends what waits for it. kSent, kHandOver or kDropped.
  ESend Open(CFd fd);
  // The socket has room: goes on. As Open.
  ESend Resume();
  // One record; empty when there is none. False when the other end is gone.
  bool Receive(std::vector<std::byte>& record);

 private:
  enum class EState : uint8_t { kWaiting, kIdle, kWriting, kFull, kGone };

  // By who writes: the queue, until it is empty.
  ESend WriteQueued();
  // 1: it went; 0: there is no room; -1: the other end is gone.
  int Write(std::span<const std::byte> record) const;

  const uint32_t m_process;
  CFd m_fd;  // set once, before m_state leaves kWaiting

  CMutex m_mutex;
  EState m_state GUARDED_BY(m_mutex) = EState::kWaiting;
  std::deque<std::vector<std::byte>> m_queue GUARDED_BY(m_mutex);
  size_t m_queued GUARDED_BY(m_mutex) = 0;  // bytes
};

}  // namespace switchboard
