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
  // Asked before each packet, and mostly there are none.
  bool Has(uint16_t msgCode) const {
    return m_count.load(std::memory_order_relaxed) != 0 &&
           (Word(msgCode).load(std::memory_order_relaxed) & Bit(msgCode)) != 0;
  }
  void Add(uint16_t msgCode) {
    const bool isNew = (Word(msgCode).fetch_or(Bit(msgCode), std::memory_order_relaxed) & Bit(msgCode)) == 0;
    if (isNew) m_count.fetch_add(1, std::memory_order_relaxed);
  }
  void Remove(uint16_t msgCode) {
    const bool wasThere = (Word(msgCode).fetch_and(~Bit(msgCode), std::memory_order_relaxed) & Bit(msgCode)) != 0;
    if (wasThere) m_count.fetch_sub(1, std::memory_order_relaxed);
  }
  void Clear() {
    m_count.store(0, std::memory_order_relaxed);
    for (std::atomic<uint64_t>& word : m_words) word.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kBits = 64;

  static constexpr uint64_t Bit(uint16_t msgCode) { return uint64_t{1} << (msgCode % kBits); }
  std::atomic<uint64_t>& Word(uint16_t msgCode) { return m_words[msgCode / kBits]; }
  const std::atomic<uint64_t>& Word(uint16_t msgCode) const { return m_words[msgCode / kBits]; }

  std::atomic<uint32_t> m_count{0};  // of the codes that are here
  std::array<std::atomic<uint64_t>, 65536 / kBits> m_words{};
};

}  // namespace switchboard
