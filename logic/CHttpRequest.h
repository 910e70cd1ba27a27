#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "logic/CDeferredHttpReply.h"
#include "logic/CSessionContext.h"
#include "net/http/SHttpRequest.h"
#include "net/wire/Reasons.h"

namespace switchboard {

class CRouteTable;
struct SRouteTask;

// One HTTP request in the hands of its route's handler, and the ways to end it. A handler ends it exactly once: Reply
// or Defer. Whatever else it does is answered with 500, and the log says why. All views live until the handler returns.
// Threads: the one that runs the handler, until it returns.
class CHttpRequest : public CSessionContext {
 public:
  // `pattern` is the route's path, and outlives the request.
  CHttpRequest(CRouteTable& routes, SRouteTask& task, const void* p_module, std::string_view pattern = {});

  EHttpMethod Method() const;
  // As it was sent, for methods that are kOther.
  std::string_view MethodName() const;
  // Of the route: decoded, dot segments resolved, without the query.
  std::string_view Path() const;
  // The part of the path for which "{name}" of the route stands; nullopt when the route has no such part.
  std::optional<std::string_view> PathValue(std::string_view name) const;
  // What followed the '?', as it was sent.
  std::string_view Query() const;
  // The first value of `name` in the query or in a form's body (application/x-www-form-urlencoded), decoded; nullopt
  // when there is none, or its escapes are bad.
  static std::optional<std::string> ValueOf(std::string_view form, std::string_view name);
  std::optional<std::string> QueryValue(std::string_view name) const { return ValueOf(Query(), name); }
  // In their order. Field: the value of the first one of a name, which is in small letters.
  std::span<const SHttpField> Fields() const;
  std::optional<std::string_view> Field(std::string_view name) const;
  // Decoded; at most the listener's body_bytes.
  std::string_view Body() const;

  // Answers; a HEAD gets the same without the body. False when it was ended before, the reply is not valid or over
  // MaxReplyBytes (the request may then be answered otherwise), or the connection is gone.
  bool Reply(const SHttpReply& reply);
  bool Reply(std::string_view contentType, std::string_view body) { return Reply({200, contentType, body}); }
  // What a reply may bring, in bytes: what limits.send_queue_bytes leaves over limits.recv_pause_bytes, less 128 KiB.
  size_t MaxReplyBytes() const;
  // Leaves the answer to whoever holds what is returned; the next requests of the connection wait for it.
  // Throws std::logic_error when the request was ended before.
  CDeferredHttpReply Defer();

  bool IsEnded() const { return m_isEnded; }
  bool IsDeferred() const { return m_isDeferred; }
  // Of a request that its handler hasn't ended: what it did instead, and the mend.
  std::string_view Mistake() const;

 private:
  CRouteTable& m_routes;
  SRouteTask& m_task;
  const std::string_view m_pattern;
  bool m_isEnded = false;
  bool m_isDeferred = false;
  std::string_view m_refusal;  // of the last reply that couldn't be sent; lives for ever
};

}  // namespace switchboard
