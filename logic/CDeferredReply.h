#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "net/role/CDeferral.h"
#include "net/wire/Reasons.h"

namespace switchboard {

struct SServerLinks;

// The right to answer one request later. Dropped unanswered, it answers with Reject{handler_failed}, and the log says
// why.
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferredReply {
 public:
  CDeferredReply(CDeferral deferral, const SServerLinks& links, uint16_t msgCode);
  CDeferredReply(CDeferredReply&& other) noexcept = default;
  CDeferredReply& operator=(CDeferredReply&& other) noexcept;
  ~CDeferredReply() { Drop(); }

  const CSession& Session() const { return m_deferral.Session(); }
  // As CRequest::Reply. False when it was answered before, the body is over kMaxBodyBytes (it may be answered
  // otherwise), or the session is gone.
  bool Reply(std::span<const std::byte> body = {}) { return ReplyAs(m_msgCode, body); }
  template <class T>
  requires(!std::is_convertible_v<const T&, std::span<const std::byte>>) bool Reply(const T& body) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      const std::string_view text = body;
      return Reply(std::as_bytes(std::span(text)));
    } else {
      static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1,
                    "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
      return Reply(std::as_bytes(std::span(&body, 1)));
    }
  }
  // Answers with another msgCode.
  bool ReplyAs(uint16_t msgCode, std::span<const std::byte> body);
  bool Reject(ERejectReason reason);
  // The same with a reason of the logic's own, as CRequest::Reject.
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
