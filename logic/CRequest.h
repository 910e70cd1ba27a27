#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "logic/CDeferredReply.h"
#include "logic/CSessionContext.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/Reasons.h"

namespace switchboard {

class CHandlerTable;

// What a msgCode answers, by declaration.
enum class Replies : uint8_t {
  kOne,  // one reply or one Reject for each request
  kNone  // nothing, unless it is rejected
};
using Reply = Replies;  // its former name

// What a body can be made of: packed structs, whose bytes are what is sent.
template <class T>
inline constexpr bool kIsPacked = std::is_trivially_copyable_v<T> && alignof(T) == 1;

// One packet in the hands of its handler, and the ways to end it. A handler ends it exactly once: Reply, Reject, Defer,
// or a return of true for a one-way code. Whatever else it does is answered with Reject{handler_failed}, and the log
// says why.
// Threads: the one that runs the handler, until it returns.
class CRequest : public CSessionContext {
 public:
  // `frame` outlives it.
  CRequest(CHandlerTable& table, CTurn& turn, const SFrame& frame, Replies replies, const void* p_module)
      : CSessionContext(turn, p_module),
        m_table(table),
        m_frame(frame),
        m_state(replies == Replies::kOne ? EState::kOpen : EState::kOpenOneWay) {}

  uint16_t MsgCode() const { return m_frame.msgCode; }
  // The whole body; lives as long as the request.
  std::span<const std::byte> Body() const { return m_frame.body; }
  // The front of the body as a packed struct (alignment 1), in place. nullptr when the body is shorter: the request
  // has then been answered with Reject{short_body}.
  template <class T>
  const T* Body() {
    static_assert(kIsPacked<T>, "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
    if (m_frame.body.size() >= sizeof(T)) return reinterpret_cast<const T*>(m_frame.body.data());
    RejectShort(sizeof(T));
    return nullptr;
  }

  // Answers with the request's own msgCode; copies the body. False when it was ended before, is one-way, the body is
  // over kMaxBodyBytes (65,527; the request may still be answered otherwise), or the connection is gone.
  bool Reply(std::span<const std::byte> body = {}) { return ReplyAs(MsgCode(), body); }
  template <class T>
  requires(!std::is_convertible_v<const T&, std::span<const std::byte>>) bool Reply(const T& body) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      const std::string_view text = body;
      return Reply(std::as_bytes(std::span(text)));
    } else {
      static_assert(kIsPacked<T>, "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
      return Reply(std::as_bytes(std::span(&body, 1)));
    }
  }
  // As Reply, with a body that is made in place: `write` gets room for `most` bytes (at most kMaxBodyBytes), fills it
  // from the front, and returns how many it filled; more than it got is answered with Reject{handler_failed}. It sends
  // nothing itself.
  template <class Write>
  bool ReplyInPlace(size_t most, Write write) {
    if (!MayReply(most)) return false;
    const auto bytes = write(Room(most));
    return EndInPlace(static_cast<size_t>(bytes), most);
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

  bool IsEnded() const { return m_state >= EState::kEnded; }
  bool IsDeferred() const { return m_state == EState::kDeferred; }
  // Of a request that its handler hasn't ended: what it did instead, and the mend. `isGood` is what it returned.
  std::string_view Mistake(bool isGood) const;

 private:
  friend class CHandlerTable;
  enum class EState : uint8_t { kOpen, kOpenOneWay, kEnded, kDeferred };
  enum class EMistake : uint8_t { kNone, kTooLarge, kOneWay, kRoom };
  [[gnu::noinline]] bool ReplyWith(uint16_t msgCode, std::span<const std::byte> body);
  bool CountReply(bool isTaken);
  // Whether a reply of `bodyBytes` may be given now; notes why not.
  bool MayReply(size_t bodyBytes);
  // Ends it; false when it was ended before.
  bool End();
  std::span<std::byte> Room(size_t most);
  bool EndInPlace(size_t bodyBytes, size_t most);
  void RejectShort(size_t wanted);

  CHandlerTable& m_table;
  const SFrame& m_frame;
  EState m_state;
  EMistake m_mistake = EMistake::kNone;
};

}  // namespace switchboard
