#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace switchboard {

// How many bytes of memory are held, in parts that are written apart: those of the first ones each under a lock of its
// writers, the last one by AddShared.
// Threads: any reads; written as said.
struct SHeldBytes {
  static constexpr size_t kParts = 12;

  void Set(size_t part, uint64_t bytes) { parts[part].store(bytes, std::memory_order_relaxed); }
  void AddShared(uint64_t bytes) { parts[kParts - 1].fetch_add(bytes, std::memory_order_relaxed); }
  void SubtractShared(uint64_t bytes) { parts[kParts - 1].fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t Sum() const {
    uint64_t sum = 0;
    for (const auto& part : parts) sum += part.load(std::memory_order_relaxed);
    return sum;
  }
  void Reset() {
    for (auto& part : parts) part.store(0, std::memory_order_relaxed);
  }

  std::array<std::atomic<uint64_t>, kParts> parts{};
};

}  // namespace switchboard
