#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "proc/worker/CGeneration.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CWorkerSet.h"

namespace switchboard {

// The generation that serves, the one that a reload starts beside it, and the listening sockets that both need.
// Threads: one, the master's.
class CGenerations {
 public:
  // References outlive the object. `config` is the first generation's. Throws std::runtime_error with one line when one
  // of its addresses can't be had.
  CGenerations(CLog& log, const CClock& clock, CListenerStore& listeners, CWorkerSet& workers, const SConfig& config);

  // Serves, or rests.
  const std::shared_ptr<CGeneration>& Current() const { return m_p_current; }
  // Starts; nullptr when no reload goes on.
  const std::shared_ptr<CGeneration>& Next() const { return m_p_next; }

  // Makes the next generation, whose workers are yet to be started. Throws as the constructor; there is none then.
  void Begin(SConfig config);
  // The next generation, which is ready, becomes the current one: listeners that it doesn't have are closed, whose
  // clients the old workers are told to accept before they stop, and it serves all sockets of the others. That they
  // stop is the caller's to tell. `isAlone`: no other binary has these listeners.
  void Promote(bool isAlone);
  // There is no next generation any more; returns what it was, or nullptr.
  std::shared_ptr<CGeneration> Abandon() { return std::exchange(m_p_next, nullptr); }

  // Ends the reservation of addresses that no generation and no worker that lives has.
  void ForgetUnusedListeners();

 private:
  uint32_t SlotsFor(const SConfig& config) const;
  void LogListeners(const CGeneration& before) const;

  CLog& m_log;
  const CClock& m_clock;
  CListenerStore& m_listeners;
  CWorkerSet& m_workers;

  uint64_t m_count = 1;  // so many were made
  std::shared_ptr<CGeneration> m_p_current;
  std::shared_ptr<CGeneration> m_p_next;
};

}  // namespace switchboard
