#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchboard {

// Why a worker ended itself, in its own words, as long as it could still say so.
// Threads: Leave by one of the dying process, Take by the master after the death, which believes nothing of it but the
// text.
struct SLastWords {
  static constexpr size_t kMost = 240;

  // Allocates nothing. What doesn't fit is cut.
  void Leave(std::string_view words, bool outOfMemory) {
    const size_t size = std::min(words.size(), kMost);
    std::copy_n(words.begin(), size, text.begin());
    isOutOfMemory.store(outOfMemory, std::memory_order_relaxed);
    bytes.store(static_cast<uint32_t>(size), std::memory_order_release);
  }
  // Empty when none were left; they are gone then.
  std::string Take() {
    const size_t size = std::min<size_t>(bytes.exchange(0, std::memory_order_acquire), kMost);
    isOutOfMemory.store(false, std::memory_order_relaxed);
    return {text.data(), size};
  }

  std::atomic<uint32_t> bytes{0};
  std::atomic<bool> isOutOfMemory{false};
  std::array<char, kMost> text{};
};

}  // namespace switchboard
