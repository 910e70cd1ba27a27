#pragma once

#include <initializer_list>
#include <optional>

#include "misc/thread/CClock.h"

namespace switchboard {

// The earliest of these deadlines; nullopt where there is none.
inline std::optional<MonotonicTime> Earliest(std::initializer_list<std::optional<MonotonicTime>> deadlines) {
  std::optional<MonotonicTime> earliest;
  for (const std::optional<MonotonicTime>& deadline : deadlines) {
    if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
  }
  return earliest;
}

}  // namespace switchboard
