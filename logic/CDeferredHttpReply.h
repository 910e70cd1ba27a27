#pragma once

#include <memory>

#include "net/http/SHttpField.h"
#include "net/role/CDeferral.h"

namespace switchboard {

class CBlock;
class CHttpSite;
class CRouteTable;

// What a route answers. The views must live until it is given; all is copied then.
//
//   request.Reply({.status = 303, .fields = std::array{SHttpField{"Location", "/done"}}});
struct SHttpReply {
  // 200 … 599. With 204, 205 and 304 there must be no body.
  uint16_t status = 200;
  // The value of Content-Type; empty: none is sent, as with 204 and 304.
  std::string_view contentType = "text/plain; charset=utf-8";
  // Any bytes: the whole body, since answers aren't streamed.
  std::string_view body = {};
  // Further header fields, sent in this order. The framework writes Date, Server, Connection,
  // Content-Type and Content-Length itself, and what the listener's `headers` say. A 405 wants the
  // field Allow (RFC 9110 §15.5.6), which only the logic knows.
  std::span<const SHttpField> fields = {};

  // Whether it can be sent without harm to the framing: a status and a body as above; names that
  // are tokens, and none of those that are the framework's (Keep-Alive, Trailer, Transfer-Encoding
  // and Upgrade among them); values without control bytes but the tab. So what comes from a client
  // can't break out of its line.
  bool IsValid() const;
  // Of content type, body and fields, four for each field's punctuation among them: what
  // MaxReplyBytes bounds.
  size_t Bytes() const;
};

// The right to answer one HTTP request later, from CHttpRequest::Defer. The connection's next
// requests, those for files as well, wait until it is used or dropped, however long that takes. It
// keeps its request's bytes in memory until then. At a graceful stop the worker waits for it, up to
// server.shutdown_timeout_s; after that every call answers false. Dropped unanswered, it answers
// with 500, counts as rejected_handler_failed, and the log says why.
//
//   auto p_reply = std::make_shared<CDeferredHttpReply>(request.Defer());
//   m_backend.Ask(key, [p_reply](const std::string& json) { p_reply->Reply("application/json", json); });
//   return true;
//
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferredHttpReply {
 public:
  // Made by CHttpRequest::Defer. `p_posted` is the request, as it was parsed: what the answer looks
  // like depends on it, and the access log tells of it. The connection keeps it, so that it goes when
  // that does.
  CDeferredHttpReply(CDeferral deferral, CRouteTable& routes, CHttpSite& site,
                     const std::shared_ptr<const CBlock>& p_posted);
  // What `other` could answer, this one can, and `other` can't any more. Assigned to, it drops what
  // it held first.
  CDeferredHttpReply(CDeferredHttpReply&& other) noexcept = default;
  CDeferredHttpReply& operator=(CDeferredHttpReply&& other) noexcept;
  ~CDeferredHttpReply() { Drop(); }

  // Of the connection that asked; also when it was answered, or is gone.
  const CSession& Session() const { return m_deferral.Session(); }
  // As CHttpRequest::Reply, but that it is sent at once. False when it was answered before, the
  // reply is not valid or too large (it may be answered otherwise), or the session is gone.
  bool Reply(const SHttpReply& reply);
  bool Reply(std::string_view contentType, std::string_view body) { return Reply({200, contentType, body}); }

 private:
  void Drop();

  CDeferral m_deferral;
  CRouteTable* m_p_routes;
  CHttpSite* m_p_site;
  std::weak_ptr<const CBlock> m_p_posted;
  std::string_view m_refusal;  // of the last reply that couldn't be sent; lives for ever
};

}  // namespace switchboard
