#pragma once

#include "net/role/CDeferral.h"
#include "net/wire/PackedBody.h"
#include "net/wire/Reasons.h"

namespace switchboard {

struct SServerLinks;

// The right to answer one request later, from CRequest::Defer. The connection's next packets wait
// until it is used or dropped, however long that takes: no deadline is set for it. A peer that
// closes only its half still gets the answer; one that resets, or is closed for its silence,
// doesn't, and then every call answers false.
// At a graceful stop the worker waits for it, up to server.shutdown_timeout_s; after that, false.
// Dropped unanswered, it answers with Reject{handler_failed}, and the log says why.
//
//   // In a shared_ptr, since a std::function can't own what can't be copied.
//   auto p_reply = std::make_shared<CDeferredReply>(request.Defer());
//   m_backend.Ask(key, [p_reply](const SAnswerBody& answer) { p_reply->Reply(answer); });
//   return true;
//
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferredReply {
 public:
  // Made by CRequest::Defer.
  CDeferredReply(CDeferral deferral, const SServerLinks& links, uint16_t msgCode);
  // What `other` could answer, this one can, and `other` can't any more. Assigned to, it drops what
  // it held first.
  CDeferredReply(CDeferredReply&& other) noexcept = default;
  CDeferredReply& operator=(CDeferredReply&& other) noexcept;
  ~CDeferredReply() { Drop(); }

  // Of the connection that asked; also when it was answered, or is gone.
  const CSession& Session() const { return m_deferral.Session(); }

  // Answers with the request's own msgCode, as CRequest::Reply: bytes, a text or a packed struct,
  // which are copied. It is sent at once, by the calling thread if the socket takes it, and never
  // waited for. True: it is on its way, or queued behind what is. False, and nothing is sent, when
  // it was answered before, the body is over kMaxBodyBytes (it may be answered otherwise), the
  // session is gone, or more than limits.send_queue_bytes would be unsent, which closes the
  // connection.
  bool Reply(std::span<const std::byte> body = {}) { return ReplyAs(m_msgCode, body); }
  template <class T>
  requires(!IsBytes<T>) bool Reply(const T& body) { return Reply(BytesOf(body)); }
  // Answers with another msgCode, which isn't checked.
  bool ReplyAs(uint16_t msgCode, std::span<const std::byte> body);
  // Answers with a Reject, as CRequest::Reject; only counts it with protocol.reject_replies =
  // false. False as Reply.
  bool Reject(ERejectReason reason);
  // The same with a reason of the logic's own, from kFirstUserReason on; less counts as that.
  bool Reject(uint16_t userReason);

 private:
  bool End(ERejectReason reason, uint16_t wireReason, std::string_view cause = {});
  void Drop();

  CDeferral m_deferral;
  const SServerLinks* m_p_links;
  uint16_t m_msgCode;
  bool m_wasTooLarge = false;  // a reply that was tried
};

}  // namespace switchboard
