#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "logic/CDeferredReply.h"
#include "logic/CSessionContext.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CLogic;

// What a msgCode answers, by declaration.
enum class Reply : uint8_t {
  kOne,  // one reply or one Reject for each request
  kNone  // nothing, unless it is rejected
};

// One packet in the hands of its handler, and the ways to end it. A handler ends it exactly once: Reply, Reject, Defer,
// or a return of true for a one-way code. Whatever else it does is answered with Reject{handler_failed}.
// Threads: the one that runs the handler, until it returns.
class CRequest : public CSessionContext {
 public:
  CRequest(CLogic& logic, CTurn& turn, const SFrame& frame, Reply reply);

  uint16_t MsgCode() const { return m_frame.msgCode; }
  // The whole body; lives as long as the request.
  std::span<const std::byte> Body() const { return m_frame.body; }
  // The front of the body as a packed struct (alignment 1), in place. nullptr when the body is shorter: the request
  // has then been answered with Reject{short_body}.
  template <class T>
  requires(std::is_trivially_copyable_v<T> && alignof(T) == 1) const T* Body() {
    if (m_frame.body.size() >= sizeof(T)) return reinterpret_cast<const T*>(m_frame.body.data());
    Reject(ERejectReason::kShortBody);
    return nullptr;
  }

  // Answers with the request's own msgCode; copies the body. False when it was ended before, is one-way, the body is
  // over kMaxBodyBytes (65,527; the request may still be answered otherwise), or the connection is gone.
  bool Reply(std::span<const std::byte> body = {}) { return ReplyAs(MsgCode(), body); }
  template <class T>
  requires(std::is_trivially_copyable_v<T> && alignof(T) == 1) bool Reply(const T& body) {
    return ReplyAs(MsgCode(), std::as_bytes(std::span(&body, 1)));
  }
  // As Reply, with a body that is made in place: `write` gets room for `most` bytes (at most kMaxBodyBytes), fills it
  // from the front, and returns how many it filled. It sends nothing itself.
  template <class Write>
  bool ReplyInPlace(size_t most, Write write) {
    if (m_isEnded || m_reply == switchboard::Reply::kNone || most > kMaxBodyBytes) return false;
    const size_t bytes = write(m_turn.Room(most));
    return EndInPlace(bytes);
  }
  // Answers with another msgCode.
  bool ReplyAs(uint16_t msgCode, std::span<const std::byte> body);
  // Answers with a Reject packet. False when it was ended before, or the connection is gone.
  bool Reject(ERejectReason reason);
  // The same with a reason of the logic's own, which must be at least kFirstUserReason (256; less counts as 256).
  bool Reject(uint16_t userReason);
  // Leaves the answer to whoever holds what is returned; the next packets of the connection wait for it.
  // Throws std::logic_error when the request was ended before or is one-way.
  CDeferredReply Defer();

  bool IsEnded() const { return m_isEnded; }

 private:
  bool EndInPlace(size_t bodyBytes);

  CLogic& m_logic;
  const SFrame m_frame;
  const enum Reply m_reply;
  bool m_isEnded = false;
};

}  // namespace switchboard
