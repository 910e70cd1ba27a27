#include "testing/CSessionWatch.h"

#include <utility>

namespace switchboard {

std::optional<ECloseReason> CWatchedSession::AwaitEnd(MonotonicTime deadline) {
  CMutexLock lock(m_mutex);
  while (!m_reason && m_ended.WaitUntil(m_mutex, deadline)) {
  }
  return m_reason;
}

bool CWatchedSession::IsOver() {
  CMutexLock lock(m_mutex);
  return m_reason.has_value();
}

void CWatchedSession::End(ECloseReason reason) {
  {
    CMutexLock lock(m_mutex);
    if (!m_reason) m_reason = reason;
  }
  m_ended.NotifyAll();
}

std::shared_ptr<CWatchedSession> CSessionWatch::AwaitBegin(uint16_t port, MonotonicTime deadline) {
  CMutexLock lock(m_mutex);
  while (!m_sessions.contains(port) && m_begun.WaitUntil(m_mutex, deadline)) {
  }
  const auto found = m_sessions.find(port);
  return found == m_sessions.end() ? nullptr : found->second;
}

bool CSessionWatch::HasEnded() {
  CMutexLock lock(m_mutex);
  return m_hasEnded;
}

void CSessionWatch::EndAll(ECloseReason reason) {
  std::map<uint16_t, std::shared_ptr<CWatchedSession>> sessions;
  {
    CMutexLock lock(m_mutex);
    sessions.swap(m_sessions);
  }
  for (const auto& [port, p_session] : sessions) p_session->End(reason);
}

void CSessionWatch::OnConnect(CSessionContext& context) {
  {
    CMutexLock lock(m_mutex);
    m_sessions[context.Peer().port] = std::make_shared<CWatchedSession>(context.Session());
  }
  m_begun.NotifyAll();
}

// The port may be somebody else's by now.
void CSessionWatch::OnDisconnect(CSessionContext& context, ECloseReason reason) {
  std::shared_ptr<CWatchedSession> p_session;
  {
    CMutexLock lock(m_mutex);
    m_hasEnded = true;
    for (auto session = m_sessions.begin(); session != m_sessions.end(); ++session) {
      if (session->second->Session() != context.Session()) continue;
      p_session = std::move(session->second);
      m_sessions.erase(session);
      break;
    }
  }
  if (p_session != nullptr) p_session->End(reason);
}

}  // namespace switchboard
