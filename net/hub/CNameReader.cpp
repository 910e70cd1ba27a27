#include "net/hub/CNameReader.h"

#include <algorithm>

#include "net/hub/HubText.h"

namespace switchboard {

namespace {

// A change takes some nanoseconds, but its thread may be without a core in the middle of it.
constexpr int kTries = 10000;
// A chain is longer only where the seat's owner makes a mess.
constexpr uint32_t kLongestChain = 1000;

// Looks again until `look` saw no mixture, and says whether it did.
template <class Look>
bool Consistently(const std::atomic<uint32_t>& version, Look look) {
  for (int i = 0; i < kTries; ++i) {
    const uint32_t before = version.load(std::memory_order_seq_cst);
    if (before % 2 != 0) continue;
    look();
    if (version.load(std::memory_order_relaxed) == before) return true;
  }
  return false;
}

}  // namespace

std::optional<uint32_t> CNameReader::Find(const SHubKey& key) const {
  const SHubBucket& bucket = m_seat.buckets[key.Bucket()];
  uint32_t found = 0;
  const bool isSound = Consistently(bucket.version, [&] {
    HubText text;
    uint32_t steps = 0;
    found = bucket.first.load(std::memory_order_acquire);
    while (found != 0) {
      if (found > SHubSeat::kNames || ++steps > kLongestChain) {
        found = 0;
        return;
      }
      const SHubName& name = m_seat.names[found - 1];
      if (name.hash.load(std::memory_order_acquire) == key.hash &&
          name.kind.load(std::memory_order_acquire) == key.kind && LoadHubText(m_seat, name, text) == key.name) {
        return;
      }
      found = name.next.load(std::memory_order_acquire);
    }
  });
  return isSound ? std::optional(found) : std::nullopt;
}

std::optional<uint32_t> CNameReader::Count(const SHubKey& key) const {
  const std::optional<uint32_t> found = Find(key);
  if (!found || *found == 0) return found;
  const SHubName& name = m_seat.names[*found - 1];
  const uint32_t count = name.count.load(std::memory_order_acquire);
  // Its place may have become another name's.
  return name.hash.load(std::memory_order_acquire) == key.hash ? count : 0;
}

bool CNameReader::Members(const SHubKey& key, std::vector<SHubPlace>& members) const {
  const std::optional<uint32_t> found = Find(key);
  if (!found || *found == 0) return found.has_value();
  const SHubName& name = m_seat.names[*found - 1];
  const size_t before = members.size();
  return Consistently(name.version, [&] {
    members.resize(before);
    // Its place may have become another name's.
    if (name.hash.load(std::memory_order_acquire) != key.hash) return;
    uint32_t at = name.first.load(std::memory_order_acquire);
    uint32_t left = std::min(name.count.load(std::memory_order_acquire), SHubSeat::kMembers);
    for (; at != 0 && at <= SHubSeat::kMembers && left > 0; --left) {
      const SHubMember& member = m_seat.members[at - 1];
      members.push_back({member.slot.load(std::memory_order_acquire), member.generation.load(std::memory_order_acquire),
                         member.stamp.load(std::memory_order_acquire)});
      at = member.next.load(std::memory_order_acquire);
    }
  });
}

}  // namespace switchboard
