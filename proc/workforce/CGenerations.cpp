#include "proc/workforce/CGenerations.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace switchboard {

CGenerations::CGenerations(CLog& log, const CClock& clock, CListenerStore& listeners, CWorkerSet& workers,
                           const SConfig& config)
    : m_log(log),
      m_clock(clock),
      m_listeners(listeners),
      m_workers(workers),
      m_p_current(std::make_shared<CGeneration>(m_count, config, m_listeners.Reserve(config.listeners),
                                                config.server.workers, m_clock)) {}

void CGenerations::Begin(SConfig config) {
  const uint32_t slots = SlotsFor(config);
  std::vector<uint32_t> listeners = m_listeners.Reserve(config.listeners);
  m_p_next = std::make_shared<CGeneration>(++m_count, std::move(config), std::move(listeners), slots, m_clock);
  m_log.Info("starting {} {} of generation {}", slots, slots == 1 ? "worker" : "workers", m_p_next->Number());
}

uint32_t CGenerations::SlotsFor(const SConfig& config) const {
  const std::optional<SDynamicWorkers>& dynamic = config.server.dynamic_workers;
  return dynamic ? std::clamp(m_p_current->Slots(), dynamic->min, dynamic->max) : config.server.workers;
}

void CGenerations::Promote(bool isAlone) {
  const std::shared_ptr<CGeneration> p_old = std::exchange(m_p_current, std::exchange(m_p_next, nullptr));
  LogListeners(*p_old);
  std::vector<uint32_t> gone = p_old->Listeners();
  std::erase_if(gone, [this](uint32_t listener) { return m_p_current->PlaceOf(listener).has_value(); });
  for (const uint32_t listener : gone) {
    // Who comes finds the listener that has come in its place, if one has.
    if (isAlone) m_listeners.RefuseNewcomers(listener);
    m_workers.CallLast(*p_old, listener);
    m_listeners.CloseKept(listener);
  }
  m_workers.HandOver(*m_p_current);
}

void CGenerations::LogListeners(const CGeneration& before) const {
  for (const uint32_t listener : before.Listeners()) {
    if (!m_p_current->PlaceOf(listener)) m_log.Info("not listening any more on {}", m_listeners.Address(listener));
  }
  for (const uint32_t listener : m_p_current->Listeners()) {
    if (!before.PlaceOf(listener)) m_log.Info("listening on {}", m_listeners.Address(listener));
  }
}

void CGenerations::ForgetUnusedListeners() {
  std::set<uint32_t> used;
  const auto add = [&used](const CGeneration& generation) {
    used.insert(generation.Listeners().begin(), generation.Listeners().end());
  };
  add(*m_p_current);
  if (m_p_next) add(*m_p_next);
  // A removed listener stays reserved until its last worker is gone: the next reload may want it back.
  for (const auto& [pid, worker] : m_workers.All()) add(*worker.p_generation);
  m_listeners.Retain(used);
}

}  // namespace switchboard
