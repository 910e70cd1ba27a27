#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace switchboard {

// The msgCodes that are answered with Reject{quarantined}: one bit for each of the 65,536, in the scoreboard.
// Threads: Add, Remove and Clear by the master; Has by any thread of any process.
class alignas(64) CQuarantine {
 public:
  bool Has(uint16_t msgCode) const {
    return (m_words[msgCode / kBits].load(std::memory_order_relaxed) >> (msgCode % kBits) & 1) != 0;
  }
  void Add(uint16_t msgCode) {
    m_words[msgCode / kBits].fetch_or(uint64_t{1} << (msgCode % kBits), std::memory_order_relaxed);
  }
  void Remove(uint16_t msgCode) {
    m_words[msgCode / kBits].fetch_and(~(uint64_t{1} << (msgCode % kBits)), std::memory_order_relaxed);
  }
  void Clear() {
    for (std::atomic<uint64_t>& word : m_words) word.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kBits = 64;

  std::array<std::atomic<uint64_t>, 65536 / kBits> m_words{};
};

}  // namespace switchboard
