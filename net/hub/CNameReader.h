#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/hub/SHubKey.h"
#include "net/hub/SHubSeat.h"

namespace switchboard {

// Looks names up in the seat of another worker, which goes on writing it, may stop in the middle of that, and may be up
// to no good: whatever lies there, a look ends soon and leads nowhere else.
// Threads: any.
class CNameReader {
 public:
  explicit CNameReader(const SHubSeat& seat) : m_seat(seat) {}

  // How many sessions have the name; nullopt when it changed all the time.
  std::optional<uint32_t> Count(const SHubKey& key) const;
  // Appends them; false when it changed all the time: then these are some of them.
  bool Members(const SHubKey& key, std::vector<SHubPlace>& members) const;

 private:
  // 0: there is none; nullopt as Count.
  std::optional<uint32_t> Find(const SHubKey& key) const;

  const SHubSeat& m_seat;
};

}  // namespace switchboard
