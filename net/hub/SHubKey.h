#pragma once

#include <cstdint>
#include <string_view>

#include "net/hub/SHubSeat.h"

namespace switchboard {

// A name and its hash (CHubView::Hash), to be looked for.
struct SHubKey {
  ENameKind kind = ENameKind::kRoom;
  std::string_view name;
  uint64_t hash = 0;

  uint32_t Bucket() const { return static_cast<uint32_t>(hash % SHubSeat::kBuckets); }
};

// A session of a seat's worker.
struct SHubPlace {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint64_t stamp = 0;  // of a login; 0: it isn't complete yet

  bool Is(const SHubPlace& other) const { return slot == other.slot && generation == other.generation; }
};

}  // namespace switchboard
