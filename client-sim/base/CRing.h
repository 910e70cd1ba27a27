#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace switchboard::sim {

// A queue whose entries are numbered from 0 in the order of their coming; grows as needed, and owns nothing before.
// Threads: one.
template <class Entry>
class CRing {
 public:
  bool IsEmpty() const { return m_first == m_next; }
  size_t Size() const { return static_cast<size_t>(m_next - m_first); }
  // The number of the oldest entry kept, and of the next one pushed.
  uint64_t First() const { return m_first; }
  uint64_t Next() const { return m_next; }

  Entry& At(uint64_t number) { return m_slots[number & m_mask]; }
  const Entry& At(uint64_t number) const { return m_slots[number & m_mask]; }
  void Push(const Entry& entry) {
    if (Size() == m_slots.size()) Grow();
    m_slots[m_next++ & m_mask] = entry;
  }
  // The same entry `count` times.
  void PushAll(const Entry& entry, size_t count) {
    while (m_slots.size() - Size() < count) Grow();
    Entry* const p_slots = m_slots.data();
    for (const uint64_t end = m_next + count; m_next != end; ++m_next) p_slots[m_next & m_mask] = entry;
  }
  void PopFront() { ++m_first; }
  Entry TakeFront() { return m_slots[m_first++ & m_mask]; }
  void Clear() { m_first = m_next; }

 private:
  void Grow() {
    std::vector<Entry> bigger(m_slots.empty() ? 1 : m_slots.size() * 2);
    const uint64_t mask = bigger.size() - 1;
    for (uint64_t number = m_first; number != m_next; ++number) bigger[number & mask] = At(number);
    m_slots = std::move(bigger);
    m_mask = mask;
  }

  std::vector<Entry> m_slots;  // a power of two, so that a number finds its slot by a mask
  uint64_t m_mask = 0;
  uint64_t m_first = 0;
  uint64_t m_next = 0;
};

}  // namespace switchboard::sim
