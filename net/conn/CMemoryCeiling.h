#pragma once

#include <atomic>
#include <cstdint>

#include "misc/SHeldBytes.h"
#include "net/conn/Notes.h"

namespace switchboard {

// Tells sb-io when all connections together hold more than limits.total_bytes, which then closes the greediest.
// Threads: any.
class CMemoryCeiling {
 public:
  // `most` 0: no ceiling. What is given outlives it.
  CMemoryCeiling(SInboxes& inboxes, SHeldBytes& held, uint64_t most) : m_inboxes(inboxes), m_held(held), m_most(most) {}

  // To be called when memory was taken: as a rule that is rare, because it is used again and again.
  void Check() {
    if (m_most == 0 || m_held.Sum() <= m_most || m_isTold.exchange(true, std::memory_order_relaxed)) return;
    m_inboxes.io.Post(io_note::SMakeRoom{});
  }
  // From now on Check tells again. Threads: sb-io.
  void Rearm() { m_isTold.store(false, std::memory_order_relaxed); }
  // What is held outside of blocks changes. Threads: sb-io.
  void CountInput(size_t before, size_t now) {
    if (now > before) {
      m_held.AddShared(now - before);
      Check();
    } else {
      m_held.SubtractShared(before - now);
    }
  }
  uint64_t Held() const { return m_held.Sum(); }
  uint64_t Most() const { return m_most; }

 private:
  SInboxes& m_inboxes;
  SHeldBytes& m_held;
  const uint64_t m_most;
  std::atomic<bool> m_isTold{false};
};

}  // namespace switchboard
