// How much there is in a directory and all those in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "misc/file/CFd.h"

namespace switchboard {

struct STreeSum {
  uint64_t files = 0;  // regular ones
  uint64_t bytes = 0;  // of them, an empty one as 1
};

// Walks through it, which takes long where there are many files. The entry `left` of the directory itself is left out.
// Nothing when it can't be found out, and when `isStopping` has become true. Threads: any.
std::optional<STreeSum> SumBeneath(const CFd& directory, std::string_view left, const std::atomic<bool>& isStopping);

}  // namespace switchboard
