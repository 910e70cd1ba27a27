#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/CHistogram.h"
#include "client-sim/client/CLedger.h"
#include "client-sim/load/CDriver.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CInbox.h"
#include "misc/thread/CThread.h"

namespace switchboard::sim {

// The drivers of a run, each on its thread, and what they have told so far.
// Threads: the one that runs the load. Once Start was called, SIGINT, SIGTERM and SIGHUP are blocked for the life of
// the process: the first one stops the drivers, and the second one cuts off what they still wait for.
class CCrew {
 public:
  // Throws std::system_error.
  explicit CCrew(const CClock& clock);
  ~CCrew();
  CCrew(const CCrew&) = delete;
  CCrew& operator=(const CCrew&) = delete;

  // Starts `plan.drivers` drivers; `plan.notes` is Notes(). With `isPinned` each stays on one processor.
  void Start(const SDriverPlan& plan, bool isPinned);
  CInbox<SDriverNote>& Notes() { return m_notes; }
  void Begin(const SPhase& phase);
  // Ends the phase, and all that would come.
  void Stop();
  // Waits for nothing any more: what has no reply by now gets none.
  void Cut();
  // Stops them and waits for their ends.
  void Dismiss();

  // Waits until something was told, a signal came or `deadline` has passed.
  void Wait(MonotonicTime deadline);
  bool IsReady() const { return m_counts[static_cast<size_t>(SDriverNote::EKind::kReady)] == m_drivers.size(); }
  bool IsPhaseOver() const { return Finished() + m_phasesOver >= m_drivers.size(); }
  bool HasFailed() const { return m_counts[static_cast<size_t>(SDriverNote::EKind::kFailed)] != 0; }
  bool IsStopped() const { return m_isStopped; }
  // Why one of them has failed.
  const std::string& Error() const { return m_error; }

  const std::deque<CDriver>& Drivers() const { return m_drivers; }
  // The sums of all drivers, meanwhile: of the whole run, and of the current phase.
  void AddCountsTo(CLedger& ledger) const;
  CHistogram Latencies() const;
  uint64_t OpenConnections() const;

 private:
  size_t Finished() const { return m_counts[static_cast<size_t>(SDriverNote::EKind::kFinished)]; }
  void Hear(const SDriverNote& note);
  void HandleSignals();

  CFd m_signals;
  CInbox<SDriverNote> m_notes;
  CEventLoop m_loop;
  CEventCallback m_onNotes{[this] { m_notes.ClearSignal(); }};
  CEventCallback m_onSignals{[this] { HandleSignals(); }};
  std::vector<SDriverNote> m_news;
  std::array<size_t, 4> m_counts{};  // notes of each kind
  size_t m_phasesOver = 0;           // of the current phase
  bool m_isStopped = false;
  bool m_isCut = false;
  std::string m_error;
  std::deque<CDriver> m_drivers;
  std::vector<CThread> m_threads;
};

}  // namespace switchboard::sim
