#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "misc/count/CCounter.h"

namespace switchboard {

// The named counters of one worker page. They lie in shared memory under their names, so that the next worker of the
// page counts on, also one of a binary that has others.
// Threads: Find and Name by any; Add as it says.
class alignas(64) CNamedCounters {
 public:
  static constexpr size_t kMost = 64;
  static constexpr size_t kMaxNameBytes = 47;

  // 1 to 47 of a-z, 0-9 and _, the first one a letter.
  static bool IsName(std::string_view name);

  // nullptr when there is none.
  std::atomic<uint64_t>* Find(std::string_view name);
  // Gives the name the next free place; nullptr when there is none left. `name` is one, and not there yet.
  // Threads: one at a time, of the one process that owns the page.
  std::atomic<uint64_t>* Add(std::string_view name);

  // Of a place: its name, empty while it has none, and its value. What isn't a name isn't given out.
  std::string Name(size_t place) const;
  uint64_t Value(size_t place) const { return m_cells[place].value.load(std::memory_order_relaxed); }

 private:
  struct alignas(64) SCell {
    std::atomic<uint64_t> value{0};
    std::atomic<bool> isNamed{false};  // set behind the name, for good
    std::array<char, kMaxNameBytes + 1> name{};
  };

  std::string_view NameIn(const SCell& cell) const;

  std::array<SCell, kMost> m_cells{};
};

}  // namespace switchboard
