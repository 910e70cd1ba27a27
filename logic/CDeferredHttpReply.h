#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "net/http/SHttpRequest.h"
#include "net/role/CDeferral.h"

namespace switchboard {

class CBlock;
class CHttpSite;
class CRouteTable;

// What a route answers. The views must live until it is given; all is copied then.
struct SHttpReply {
  uint16_t status = 200;  // 200 … 599; 204, 205 and 304 have no body
  std::string_view contentType = "text/plain; charset=utf-8";
  std::string_view body = {};
  // Further header fields. The framework writes Date, Server, Connection, Content-Type and Content-Length itself.
  std::span<const SHttpField> fields = {};

  // Whether it can be sent without harm to the framing: no control bytes, none of the framework's own fields.
  bool IsValid() const;
  // Bytes of all that it brings.
  size_t Bytes() const;
};

// The right to answer one HTTP request later. Dropped unanswered, it answers with 500, and the log says why.
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
  std::string_view m_refusal;  // of the last reply that couldn't be sent; lives for ever
};

}  // namespace switchboard
