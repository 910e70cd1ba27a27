#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace switchboard::sim {

// Who is to be looked at when. Nothing is ever taken back: whoever is looked at without need does nothing.
// Threads: one.
template <class Who>
class CTimerQueue {
 public:
  void Add(uint64_t atNs, Who* p_who) { m_entries.emplace(atNs, p_who); }
  // UINT64_MAX when there is none.
  uint64_t NextNs() const { return m_entries.empty() ? UINT64_MAX : m_entries.top().first; }
  // Takes out one entry that is due at `nowNs`; nullptr when none is.
  Who* TakeDue(uint64_t nowNs) {
    if (NextNs() > nowNs) return nullptr;
    Who* p_who = m_entries.top().second;
    m_entries.pop();
    return p_who;
  }

 private:
  using Entry = std::pair<uint64_t, Who*>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> m_entries;
};

}  // namespace switchboard::sim
