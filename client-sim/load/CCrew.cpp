#include "client-sim/load/CCrew.h"

#include <fmt/format.h>
#include <sched.h>

#include "client-sim/base/Process.h"

namespace switchboard::sim {
namespace {

// Keeps the calling thread on one of the processors that the process may use.
void PinTo(size_t index) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  size_t left = index % static_cast<size_t>(CPU_COUNT(&allowed));
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || left-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

}  // namespace

CCrew::CCrew(const CClock& clock) : m_loop(clock) { m_loop.Add(m_notes.Fd(), EPOLLIN, m_onNotes); }

CCrew::~CCrew() {
  Cut();
  m_threads.clear();
}

void CCrew::Start(const SDriverPlan& plan, bool isPinned) {
  // Until here, a signal ends the process as any other: there is nothing to end in order yet.
  m_signals = OpenSignals();
  m_loop.Add(m_signals.Get(), EPOLLIN, m_onSignals);
  for (uint32_t i = 0; i < plan.drivers; ++i) {
    CDriver& driver = m_drivers.emplace_back(i, plan);
    m_threads.emplace_back(fmt::format("sim-{}", i), [&driver, isPinned, i] {
      if (isPinned) PinTo(i);
      driver.Run();
    });
  }
}

void CCrew::Begin(const SPhase& phase) {
  m_phasesOver = 0;
  for (CDriver& driver : m_drivers) driver.Begin(phase);
}

void CCrew::Stop() {
  m_isStopped = true;
  for (CDriver& driver : m_drivers) driver.Stop();
}

void CCrew::Cut() {
  m_isCut = true;
  for (CDriver& driver : m_drivers) driver.Cut();
}

void CCrew::Dismiss() {
  if (!m_isCut) Stop();
  while (Finished() < m_drivers.size()) Wait(kNever);
  m_threads.clear();
}

void CCrew::Wait(MonotonicTime deadline) {
  m_notes.Take(m_news);
  if (m_news.empty()) {
    m_loop.Turn(deadline);
    m_notes.Take(m_news);
  }
  for (const SDriverNote& note : m_news) Hear(note);
}

void CCrew::HandleSignals() {
  while (TakeSignal(m_signals)) m_isStopped ? Cut() : Stop();
}

void CCrew::Hear(const SDriverNote& note) {
  ++m_counts[static_cast<size_t>(note.kind)];
  if (note.kind == SDriverNote::EKind::kPhaseOver) ++m_phasesOver;
  // The driver says that again when it ends; it counts once.
  if (note.kind == SDriverNote::EKind::kFinished && m_phasesOver != 0) --m_phasesOver;
  if (note.kind == SDriverNote::EKind::kFailed) m_error = note.text;
}

void CCrew::AddCountsTo(CLedger& ledger) const {
  for (const CDriver& driver : m_drivers) ledger.AddCounts(driver.Ledger());
}

CHistogram CCrew::Latencies() const {
  CHistogram latencies;
  for (const CDriver& driver : m_drivers) latencies.Add(driver.Latencies());
  return latencies;
}

uint64_t CCrew::OpenConnections() const {
  uint64_t connections = 0;
  for (const CDriver& driver : m_drivers) connections += driver.OpenConnections();
  return connections;
}

}  // namespace switchboard::sim
