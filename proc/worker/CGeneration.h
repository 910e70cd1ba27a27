#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "proc/sys/CBackoff.h"

namespace switchboard {

// One configuration, and the slots of the workers that run it.
// Threads: one.
class CGeneration {
 public:
  struct SSlot {
    CBackoff backoff;
    std::optional<MonotonicTime> respawnAt = std::nullopt;
    bool isGivenUp = false;  // gets no worker any more
  };

  // `listeners` are the numbers of the configuration's listeners in the CListenerStore, in order.
  CGeneration(uint64_t number, SConfig config, std::vector<uint32_t> listeners, uint32_t slots, const CClock& clock);

  // From 1, in the order of the starts.
  uint64_t Number() const { return m_number; }
  const SConfig& Config() const { return m_config; }
  const std::vector<uint32_t>& Listeners() const { return m_listeners; }
  // Where a listener stands in the configuration; nullopt when it doesn't.
  std::optional<uint32_t> PlaceOf(uint32_t listener) const;
  // How the clients of a listener that stands in it are accepted.
  EAcceptMode AcceptOf(uint32_t listener) const { return m_config.listeners[*PlaceOf(listener)].accept; }
  // Whether a kept socket, by its (listener, slot), is not one worker's: all of them share it, or the master accepts.
  bool IsForAll(const std::pair<uint32_t, uint32_t>& key) const;

  uint32_t Slots() const { return static_cast<uint32_t>(m_slots.size()); }
  SSlot& Slot(uint32_t slot) { return m_slots.at(slot); }
  // One slot more, or the last one less.
  void AddSlot();
  void RemoveSlot() { m_slots.pop_back(); }

  // The slot whose worker serves the sockets that are kept for `slot`: itself, or for a retired one a survivor. nullopt
  // when there is no survivor.
  std::optional<uint32_t> ServerOf(uint32_t slot) const;
  // The next time that a worker is to be started again.
  std::optional<MonotonicTime> NextRespawn() const;
  void CancelRespawns();

 private:
  const uint64_t m_number;
  const SConfig m_config;
  const std::vector<uint32_t> m_listeners;
  const CClock& m_clock;
  std::vector<SSlot> m_slots;
};

}  // namespace switchboard
