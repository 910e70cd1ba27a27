#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logic/SHttpReply.h"
#include "net/conn/CSession.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CHttpRoutes;

// The right to answer one HTTP request later. Dropped unanswered, it answers with 500.
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferredHttpReply {
 public:
  CDeferredHttpReply(CHttpRoutes& routes, const CSession& session, uint16_t listener, bool isLast,
                     std::string_view head);
  CDeferredHttpReply(CDeferredHttpReply&& other) noexcept;
  CDeferredHttpReply& operator=(CDeferredHttpReply&& other) noexcept;
  ~CDeferredHttpReply();

  const CSession& Session() const { return m_session; }
  // As CHttpRequest::Reply. False when it was answered before, the reply is not valid or too large (it may be answered
  // otherwise), or the session is gone.
  bool Reply(const SHttpReply& reply);
  bool Reply(std::string_view contentType, std::string_view body) { return Reply({200, contentType, body}); }

 private:
  friend class CHttpRoutes;
  void Drop();

  CHttpRoutes* m_p_routes;  // nullptr once answered
  CSession m_session;
  uint16_t m_listener;
  bool m_isLast;
  std::string m_head;  // of the request: what the answer looks like depends on it, and the access log tells of it
};

}  // namespace switchboard
