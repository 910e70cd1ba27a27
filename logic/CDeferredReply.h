#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "net/conn/CSession.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CLogic;

// The right to answer one request later. Dropped unanswered, it answers with Reject{handler_failed}.
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferredReply {
 public:
  CDeferredReply(CLogic& logic, const CSession& session, uint16_t msgCode);
  CDeferredReply(CDeferredReply&& other) noexcept;
  CDeferredReply& operator=(CDeferredReply&& other) noexcept;
  ~CDeferredReply();

  const CSession& Session() const { return m_session; }
  // As CRequest::Reply. False when it was answered before, the body is over kMaxBodyBytes (it may be answered
  // otherwise), or the session is gone.
  bool Reply(std::span<const std::byte> body = {});
  template <class T>
  requires(std::is_trivially_copyable_v<T> && alignof(T) == 1) bool Reply(const T& body) {
    return Reply(std::as_bytes(std::span(&body, 1)));
  }
  bool Reject(ERejectReason reason);

 private:
  CLogic* m_p_logic;  // nullptr once answered
  CSession m_session;
  uint16_t m_msgCode;
};

}  // namespace switchboard
