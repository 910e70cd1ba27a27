#pragma once

#include <atomic>
#include <cstdint>

namespace switchboard {

// A counter that a logic has named (CServerCalls::Counter): it only grows, and wraps at 2^64. Its
// value lies in memory that the worker shares with the master, so it is in --status at once, and
// stays when the worker dies. Copy it freely, and keep it where it is used often: finding it by its
// name compares up to 64 names, adding doesn't.
//
//   void OnWorkerStart() override { m_rounds.emplace(Counter("rounds")); }  // std::optional<CCounter> m_rounds;
//   …
//   m_rounds->Add();
//
// Threads: any, of the worker that it was made in.
class CCounter {
 public:
  // `value` lives as long as the worker.
  explicit CCounter(std::atomic<uint64_t>& value) : m_p_value(&value) {}

  // One atomic addition: no lock, no system call. It orders nothing else in memory.
  void Add(uint64_t n = 1) const { m_p_value->fetch_add(n, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t>* m_p_value;
};

}  // namespace switchboard
