#pragma once

#include <optional>
#include <string>

#include "logic/CDeferredHttpReply.h"
#include "logic/CSessionContext.h"

namespace switchboard {

struct SRouteTask;

// One HTTP request in the hands of its route's handler, and the ways to end it. A handler ends it
// exactly once: Reply or Defer. If it returns without, whatever it returns, or throws before, the
// answer is 500, and the log says why, at most once a second. The request was read whole before: its
// body, decoded of chunks, is there.
// All views live until the handler returns, also after Reply and Defer: copy what is needed longer.
//
//   bool HandleUser(CHttpRequest& request) {  // OnHttp("/users/{id}", &CMyLogic::HandleUser)
//     if (request.Method() > EHttpMethod::kHead) return request.Reply({.status = 405, .fields = kAllowGet});
//     return request.Reply("application/json", UserAsJson(*request.PathValue("id")));
//   }
//
// Threads: the one that runs the handler, until it returns.
class CHttpRequest : public CSessionContext {
 public:
  // `pattern` is the route's path, and outlives the request. Made by the framework.
  CHttpRequest(CRouteTable& routes, SRouteTask& task, const void* p_module, std::string_view pattern = {});

  // A route gets every method, and decides. HEAD is answered as GET: the framework leaves the body
  // out.
  EHttpMethod Method() const;
  // As it was sent, for methods that are kOther.
  std::string_view MethodName() const;
  // Of the target: decoded once, dot segments resolved, without the query. It begins with '/'.
  std::string_view Path() const;
  // The part of the path for which "{name}" of the route stands, decoded and not empty; nullopt
  // when the route has no such part.
  std::optional<std::string_view> PathValue(std::string_view name) const;
  // What followed the '?', as it was sent: neither decoded nor split.
  std::string_view Query() const;
  // The first value of `name` in the query or in a form's body (application/x-www-form-urlencoded),
  // decoded as the URL standard says ('+' is a blank); "" for a name without '='. nullopt when
  // there is none, or its escapes are bad. It looks through the text anew each time. Of a form that
  // was posted:
  //
  //   const std::optional<std::string> name = CHttpRequest::ValueOf(request.Body(), "name");
  static std::optional<std::string> ValueOf(std::string_view form, std::string_view name);
  std::optional<std::string> QueryValue(std::string_view name) const { return ValueOf(Query(), name); }
  // In the order in which they were sent, at most 100; those of a trailer aren't among them.
  std::span<const SHttpField> Fields() const;
  // The value of the first one of a name, which is given in small letters and found in any; nullopt
  // when there is none.
  std::optional<std::string_view> Field(std::string_view name) const;
  // At most the listener's body_bytes: more was answered with 413 before it came here. Nobody has
  // looked at Content-Type.
  std::string_view Body() const;

  // Answers. It is gathered with the connection's other answers, and sent when its turn on this
  // thread ends; it never waits for the peer. True: it will be sent, after the answers to earlier
  // requests. False when
  //  - the request was ended before, or the connection is gone;
  //  - the reply is not valid (SHttpReply::IsValid), or over MaxReplyBytes: then it may be answered
  //    otherwise.
  bool Reply(const SHttpReply& reply);
  // With status 200.
  bool Reply(std::string_view contentType, std::string_view body) { return Reply({200, contentType, body}); }
  // What SHttpReply::Bytes may be: limits.send_queue_bytes less limits.recv_pause_bytes and 128
  // KiB, so that an answer doesn't close its own connection. At least 128 KiB; 2.9 MiB with the
  // default limits.
  size_t MaxReplyBytes() const;
  // Leaves the answer to whoever holds what is returned; the next requests of the connection wait
  // for it. Answers that were gathered before are sent. Throws std::logic_error when the request
  // was ended before.
  CDeferredHttpReply Defer();

  // By Reply or Defer.
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
