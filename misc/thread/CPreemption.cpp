#include "misc/thread/CPreemption.h"

#include <sched.h>
#include <sys/resource.h>

namespace switchboard {

namespace {

constexpr int kLeastWeight = 19;

// Of the calling thread.
void SetPolicy(int policy) {
  const sched_param none{};
  ::sched_setscheduler(0, policy, &none);
}

}  // namespace

void CPreemption::KeepTurnsWhole() { SetPolicy(SCHED_BATCH); }

void CPreemption::TakeLessWeight() { ::setpriority(PRIO_PROCESS, 0, kLeastWeight); }

void CPreemption::CFollower::Switch() {
  m_preempts = !m_preempts;
  SetPolicy(m_preempts ? SCHED_OTHER : SCHED_BATCH);
}

void CPreemption::End() {
  m_lastEnd.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_seq_cst);
  m_running.fetch_sub(1, std::memory_order_seq_cst);
}

void CPreemption::EndIfOver() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point lastEnd{Clock::duration(m_lastEnd.load(std::memory_order_seq_cst))};
  if (m_running.load(std::memory_order_seq_cst) > 0 || Clock::now() < lastEnd + kMoment) return;
  m_isWanted.store(false, std::memory_order_seq_cst);
  // One that began meanwhile may have seen it still wanted.
  if (m_running.load(std::memory_order_seq_cst) > 0) m_isWanted.store(true, std::memory_order_seq_cst);
}

}  // namespace switchboard
