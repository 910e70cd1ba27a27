#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "logic/CModule.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// What the server says of one connection of a test. Threads: any.
class CWatchedSession {
 public:
  explicit CWatchedSession(const CSession& session) : m_session(session) {}

  const CSession& Session() const { return m_session; }
  // Why it ended; waits for that. nullopt when it hasn't by `deadline`.
  std::optional<ECloseReason> AwaitEnd(MonotonicTime deadline);
  bool IsOver();
  // The first reason stays.
  void End(ECloseReason reason);

 private:
  const CSession m_session;
  CMutex m_mutex;
  CCondition m_ended;
  std::optional<ECloseReason> m_reason GUARDED_BY(m_mutex);
};

// A module that writes down which sessions begin and end, by the port of the client. Threads: any.
class CSessionWatch : public CModule {
 public:
  // The session of the client at this port of 127.0.0.1; waits for it. nullptr when it hasn't begun by `deadline`.
  std::shared_ptr<CWatchedSession> AwaitBegin(uint16_t port, MonotonicTime deadline);
  // Whether any has ended, of which the server may have left something unread.
  bool HasEnded();
  // All that still go on end like this.
  void EndAll(ECloseReason reason);

  void OnConnect(CSessionContext& context) override;
  void OnDisconnect(CSessionContext& context, ECloseReason reason) override;

 private:
  CMutex m_mutex;
  CCondition m_begun;
  std::map<uint16_t, std::shared_ptr<CWatchedSession>> m_sessions GUARDED_BY(m_mutex);
  bool m_hasEnded GUARDED_BY(m_mutex) = false;
};

}  // namespace switchboard
