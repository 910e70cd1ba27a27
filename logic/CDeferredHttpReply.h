#pragma once

#include <memory>
#include <string_view>

#include "logic/SHttpReply.h"
#include "net/role/CDeferral.h"

namespace switchboard {

class CBlock;
class CHttpSite;
class CRouteTable;

// The right to answer one HTTP request later. Dropped unanswered, it answers with 500.
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferredHttpReply {
 public:
  // `p_posted` is the request, as it was parsed: what the answer looks like depends on it, and the log tells of it.
  CDeferredHttpReply(CDeferral deferral, CRouteTable& routes, CHttpSite& site, std::shared_ptr<const CBlock> p_posted);
  CDeferredHttpReply(CDeferredHttpReply&& other) noexcept = default;
  CDeferredHttpReply& operator=(CDeferredHttpReply&& other) noexcept;
  ~CDeferredHttpReply() { Drop(); }

  const CSession& Session() const { return m_deferral.Session(); }
  // As CHttpRequest::Reply. False when it was answered before, the reply is not valid or too large (it may be answered
  // otherwise), or the session is gone.
  bool Reply(const SHttpReply& reply);
  bool Reply(std::string_view contentType, std::string_view body) { return Reply({200, contentType, body}); }

 private:
  void Drop();

  CDeferral m_deferral;
  CRouteTable* m_p_routes;
  CHttpSite* m_p_site;
  std::shared_ptr<const CBlock> m_p_posted;
};

}  // namespace switchboard
