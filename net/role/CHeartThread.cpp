#include "net/role/CHeartThread.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace switchboard {

CHeartThread::CHeartThread(const CClock& clock, CSilenceWatch& silence, CTimers& timers, CBusinessPool& business,
                           CLimitedLog& limitedLog, SWorkerPage& page)
    : m_clock(clock),
      m_silence(silence),
      m_timers(timers),
      m_business(business),
      m_limitedLog(limitedLog),
      m_trace(page.heartTrace) {}

void CHeartThread::Start() {
  m_thread = CThread("sb-heart", [this] { Run(); });
}

void CHeartThread::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_isStopping.store(true);
  Wake();
  m_thread.Join();
}

void CHeartThread::Run() {
  while (!m_isStopping.load()) {
    const MonotonicTime now = m_clock.Now();
    for (CTimers::Job& job : m_timers.TakeDue(now)) m_business.PostJob(std::move(job));
    m_limitedLog.Flush(now);
    std::optional<MonotonicTime> next = m_silence.RunDue(now);
    for (const std::optional<MonotonicTime>& other : {m_timers.Next(), m_limitedLog.NextFlush()}) {
      if (other) next = next ? std::min(*next, *other) : *other;
    }
    m_trace.End();
    m_wakeup.Wait(next, m_clock.Now());
    m_trace.Begin();
  }
}

}  // namespace switchboard
