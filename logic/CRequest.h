#pragma once

#include "logic/CDeferredReply.h"
#include "logic/CSessionContext.h"
#include "net/hub/Login.h"
#include "net/wire/Wire.h"

namespace switchboard {

class CHandlerTable;

// What a msgCode answers, by declaration. Clients rely on it: they match answers by their order.
enum class Replies : uint8_t {
  // One reply or one Reject for each request.
  kOne,
  // Nothing, unless it is rejected; Reply answers false.
  kNone
};
using Reply = Replies;  // its former name

// One packet in the hands of its handler, and the ways to end it. A handler ends it exactly once:
// Reply, Reject, Defer, or a return of true for a one-way code. What it returns counts only if it
// did none of these; then, and if it throws, the framework answers with Reject{handler_failed} or
// {handler_threw}, and the log says what to mend, at most once a second for each code. The worker
// lives on.
//
//   the handler …                                the client gets                    counted as
//   Reply, ReplyAs, ReplyInPlace                 a packet                           packets_replied
//   Reject                                       a Reject with the reason           rejected_NAME, rejected_by_handler
//   Defer                                        what the CDeferredReply says       when it says so
//   returns true, and the code is Replies::kNone nothing                            packets_one_way
//   returns without any of these                 Reject{handler_failed}             rejected_handler_failed
//   throws without any of these                  Reject{handler_threw}              rejected_handler_threw
//   … and the connection takes nothing any more  nothing                            packets_discarded
//
// The packet arrived whole, and its CRC was right. What it says is the client's: check every value.
//
//   bool HandleMove(CRequest& request) {
//     const auto* p_move = request.Body<SMoveBody>();
//     if (p_move == nullptr) return false;  // too short: the client has been told
//     if (!m_board.Has(p_move->unit)) return request.Reject(kNoSuchUnit);  // 256 or more
//     return request.Reply(SMovedBody{m_board.Move(*p_move)});
//   }
//
// No call of it waits for the peer. Answers are gathered, at most 128 KiB of them, and sent when
// the connection's turn on this thread ends, or something that may take long begins (Defer, a
// Run::kBlocking handler).
// Threads: the one that runs the handler, until it returns.
class CRequest : public CSessionContext {
 public:
  // `body` outlives it. Made by the framework.
  CRequest(CHandlerTable& table, CTurn& turn, uint16_t msgCode, std::span<const std::byte> body, Replies replies,
           const void* p_module)
      : CSessionContext(turn, p_module),
        m_table(table),
        m_body(body),
        m_msgCode(msgCode),
        m_state(replies == Replies::kOne ? EState::kOpen : EState::kOpenOneWay) {}

  uint16_t MsgCode() const { return m_msgCode; }
  // The whole body, where it was received: at most limits.packet_bytes less 8. It lives until the
  // handler returns, also after Reply and Defer; its alignment is 1.
  std::span<const std::byte> Body() const { return m_body; }
  // The front of the body as a packed struct, in place; what lies behind it is in Body(). nullptr
  // when the body is shorter: the request has then been answered with Reject{short_body}, unless it
  // was ended before.
  template <class T>
  const T* Body() {
    static_assert(kIsPacked<T>, "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
    if (m_body.size() >= sizeof(T)) return reinterpret_cast<const T*>(m_body.data());
    RejectShort(sizeof(T));
    return nullptr;
  }

  // Answers with the request's own msgCode: with bytes, a text (without a NUL behind it) or a
  // packed struct, which are copied. True: it will be sent, behind the answers to earlier requests;
  // whether it arrives, nobody knows.
  // False, and nothing is sent, when
  //  - it was ended before, or its code is one-way;
  //  - the body is over kMaxBodyBytes (65,527): the request may still be answered otherwise;
  //  - the connection is gone, or takes nothing any more.
  // A client that doesn't read is closed when more than limits.send_queue_bytes are unsent
  // (send_queue_overflow).
  bool Reply(std::span<const std::byte> body = {}) { return ReplyAs(MsgCode(), body); }
  template <class T>
  requires(!IsBytes<T>) bool Reply(const T& body) { return Reply(BytesOf(body)); }
  // As Reply, with a body that is made in place: `write` is called at once with room for `most`
  // bytes (at most kMaxBodyBytes; else it isn't called), fills it from the front, and returns how
  // many it filled; more than it got is answered with Reject{handler_failed}. It sends nothing
  // itself, nor uses another request of the connection.
  // The room holds what was there before, answers to other clients among it: write every byte that
  // you count.
  //
  //   return request.ReplyInPlace(4096, [&](std::span<std::byte> room) {
  //     return ::read(fd, room.data(), room.size());  // -1 is more than it got, too
  //   });
  template <class Write>
  bool ReplyInPlace(size_t most, Write write) {
    if (!MayReply(most)) return false;
    const auto bytes = write(Room(most));
    return EndInPlace(static_cast<size_t>(bytes), most);
  }
  // Answers with another msgCode, which isn't checked: kRejectCode and kGoAwayCode are taken for
  // what they mean.
  bool ReplyAs(uint16_t msgCode, std::span<const std::byte> body);
  // Answers with a Reject packet, of a one-way code as well, and counts rejected_NAME; with
  // protocol.reject_replies = false it is only counted. Logged as a warning, at most once a second
  // for each reason and code. False when it was ended before, or the connection is gone.
  bool Reject(ERejectReason reason);
  // The same with a reason of the logic's own, which must be at least kFirstUserReason (256; less
  // counts as 256). All of them count as rejected_by_handler.
  bool Reject(uint16_t userReason);
  // Leaves the answer to whoever holds what is returned; the next packets of the connection wait
  // for it, and this thread goes on to other connections when the handler has returned. Throws
  // std::logic_error when the request was ended before or is one-way.
  CDeferredReply Defer();

  // CHubCalls' verbs with this session; Publish is to all of the room but it.
  bool Join(std::string_view room);
  bool Bind(std::string_view user, Login login = Login::kMany);
  bool Publish(std::string_view room, uint16_t msgCode, std::span<const std::byte> body);
  // By any of these; not by an answer that was refused as too large.
  bool IsEnded() const { return m_state >= EState::kEnded; }
  bool IsDeferred() const { return m_state == EState::kDeferred; }
  // Of a request that its handler hasn't ended: what it did instead, and the mend. `isGood` is what
  // it returned.
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
  const std::span<const std::byte> m_body;
  const uint16_t m_msgCode;
  EState m_state;
  EMistake m_mistake = EMistake::kNone;
};

}  // namespace switchboard
