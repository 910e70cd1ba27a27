#include "net/role/CHeart.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace switchboard {

CHeart::CHeart(const CClock& clock, CHeartbeat& heartbeat, CTimers& timers, CDispatcher& dispatcher, SWorkerPage& page)
    : m_clock(clock), m_heartbeat(heartbeat), m_timers(timers), m_dispatcher(dispatcher), m_trace(page.heartTrace) {}

void CHeart::Start() {
  m_thread = CThread("sb-heart", [this] { Run(); });
}

void CHeart::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_isStopping.store(true);
  Wake();
  m_thread.Join();
}

void CHeart::Run() {
  while (!m_isStopping.load()) {
    const MonotonicTime now = m_clock.Now();
    for (CTimers::Job& job : m_timers.TakeDue(now)) m_dispatcher.PostJob(std::move(job));
    std::optional<MonotonicTime> next = m_heartbeat.RunDue(now);
    if (const std::optional<MonotonicTime> timer = m_timers.Next()) next = next ? std::min(*next, *timer) : *timer;
    m_trace.End();
    m_wakeup.Wait(next, m_clock.Now());
    m_trace.Begin();
  }
}

}  // namespace switchboard
