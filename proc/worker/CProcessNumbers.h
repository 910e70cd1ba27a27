#pragma once

#include <atomic>
#include <cstdint>

#include "misc/file/CFd.h"

namespace switchboard {

// Numbers the worker processes of a server from 1, none twice: not after a crash or a reload, and not in the next
// binary, nor while the masters of both binaries start workers. The count lies in memory that these masters share,
// which one leaves to the next by its descriptor; workers don't have it, so that none can spoil it. It ends with the
// last master, or after 2^32 workers.
// Threads: one in each process.
class CProcessNumbers {
 public:
  // A new count, or the one behind a descriptor that another binary has left. Throws std::system_error, and
  // std::runtime_error with one line when it is no such thing.
  explicit CProcessNumbers(CFd inherited = CFd());
  ~CProcessNumbers();
  CProcessNumbers(const CProcessNumbers&) = delete;
  CProcessNumbers& operator=(const CProcessNumbers&) = delete;

  uint32_t Next() { return m_p_last->fetch_add(1, std::memory_order_relaxed) + 1; }
  // To be left to the next binary; stays the object's.
  int Descriptor() const { return m_memory.Get(); }
  // In a forked worker, which has no right to it.
  void Forget() { m_memory.Reset(); }

 private:
  static_assert(std::atomic<uint32_t>::is_always_lock_free);  // processes share it

  CFd m_memory;
  std::atomic<uint32_t>* m_p_last = nullptr;  // not mapped in a forked child
};

}  // namespace switchboard
