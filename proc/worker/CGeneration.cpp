#include "proc/worker/CGeneration.h"

#include <algorithm>
#include <utility>

#include "proc/worker/CListenerStore.h"

namespace switchboard {

CGeneration::CGeneration(uint64_t number, SConfig config, std::vector<uint32_t> listeners, uint32_t slots,
                         const CClock& clock)
    : m_number(number), m_config(std::move(config)), m_listeners(std::move(listeners)), m_clock(clock) {
  for (uint32_t slot = 0; slot < slots; ++slot) AddSlot();
}

std::optional<uint32_t> CGeneration::PlaceOf(uint32_t listener) const {
  const auto found = std::find(m_listeners.begin(), m_listeners.end(), listener);
  if (found == m_listeners.end()) return std::nullopt;
  return static_cast<uint32_t>(found - m_listeners.begin());
}

bool CGeneration::IsForAll(const CListenerStore::Key& key) const {
  const EAcceptMode accept = AcceptOf(key.first);
  return accept == EAcceptMode::kDispatch ||
         (accept == EAcceptMode::kMutex && key.second == CListenerStore::kSharedSlot);
}

void CGeneration::AddSlot() { m_slots.push_back({CBackoff(m_clock)}); }

std::optional<uint32_t> CGeneration::ServerOf(uint32_t slot) const {
  const uint32_t slots = Slots();
  for (uint32_t i = 0; i < slots; ++i) {
    const uint32_t server = (slot + i) % slots;
    if (!m_slots[server].isGivenUp) return server;
  }
  return std::nullopt;
}

std::optional<MonotonicTime> CGeneration::NextRespawn() const {
  std::optional<MonotonicTime> next;
  for (const SSlot& slot : m_slots) {
    if (slot.respawnAt && (!next || *slot.respawnAt < *next)) next = slot.respawnAt;
  }
  return next;
}

void CGeneration::CancelRespawns() {
  for (SSlot& slot : m_slots) slot.respawnAt.reset();
}

}  // namespace switchboard
