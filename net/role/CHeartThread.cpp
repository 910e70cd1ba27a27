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

std::optional<MonotonicTime> CHeartThread::Next() const {
  const std::optional<MonotonicTime> silence = m_silence.Next();
  const std::optional<MonotonicTime> timer = m_timers.Next();
  if (silence && timer) return std::min(*silence, *timer);
  return silence ? silence : timer;
}

bool CHeartThread::IsIdle() const {
  const std::optional<MonotonicTime> next = Next();
  return !m_wakeup.IsSignalled() && (!next || *next > m_clock.Now());
}

void CHeartThread::Run() {
  while (!m_isStopping.load()) {
    const MonotonicTime now = m_clock.Now();
    for (CTimers::Job& job : m_timers.TakeDue(now)) m_business.PostJob({std::move(job)});
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
