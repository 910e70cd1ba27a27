#include "logic/CRequest.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "logic/CHandlerTable.h"
#include "logic/LogReject.h"
#include "net/hub/CHub.h"
#include "net/packet/CPacketWriter.h"
#include "net/wire/Counters.h"

namespace switchboard {

bool CRequest::MayReply(size_t bodyBytes) {
  if (m_state == EState::kOpen && bodyBytes <= kMaxBodyBytes) [[likely]]
    return true;
  if (!IsEnded()) m_mistake = m_state == EState::kOpenOneWay ? EMistake::kOneWay : EMistake::kTooLarge;
  return false;
}

inline bool CRequest::CountReply(bool isTaken) {
  m_turn.Tally().Add(isTaken ? ECounter::kPacketsReplied : ECounter::kPacketsDiscarded);
  return isTaken;
}

bool CRequest::ReplyAs(uint16_t msgCode, std::span<const std::byte> body) {
  // An empty answer, which has nothing to copy nor to sum up, needs no calls: it is written here.
  const bool isPlain = body.empty() && m_state == EState::kOpen;
  if (!isPlain || !m_turn.HasRoom(kHeaderBytes)) return ReplyWith(msgCode, body);
  m_state = EState::kEnded;
  return CountReply(CPacketWriter::Put(m_turn, msgCode, {}));
}

bool CRequest::ReplyWith(uint16_t msgCode, std::span<const std::byte> body) {
  if (!MayReply(body.size())) [[unlikely]]
    return false;
  m_state = EState::kEnded;
  return CountReply(CPacketWriter::Put(m_turn, msgCode, body));
}

bool CRequest::End() {
  if (IsEnded()) return false;
  m_state = EState::kEnded;
  return true;
}

std::span<std::byte> CRequest::Room(size_t most) { return CPacketWriter::Room(m_turn, most); }

bool CRequest::EndInPlace(size_t bodyBytes, size_t most) {
  if (IsEnded()) return false;
  if (bodyBytes > most) {
    m_mistake = EMistake::kRoom;
    return false;
  }
  m_state = EState::kEnded;
  return CountReply(CPacketWriter::PutInPlace(m_turn, MsgCode(), bodyBytes));
}

bool CRequest::Reject(ERejectReason reason) {
  if (!End()) return false;
  return m_table.Refuse(m_turn, MsgCode(), reason, static_cast<uint16_t>(reason));
}

bool CRequest::Reject(uint16_t userReason) {
  if (!End()) return false;
  return m_table.Refuse(m_turn, MsgCode(), ERejectReason::kByHandler, std::max(userReason, kFirstUserReason),
                        CauseOf(userReason));
}

void CRequest::RejectShort(size_t wanted) {
  if (!End()) return;
  const std::string sizes =
      "its body has " + std::to_string(m_body.size()) + " bytes, its handler wants " + std::to_string(wanted);
  m_table.Refuse(m_turn, MsgCode(), ERejectReason::kShortBody, static_cast<uint16_t>(ERejectReason::kShortBody), sizes);
}

CDeferredReply CRequest::Defer() {
  if (m_state != EState::kOpen) throw std::logic_error("only an unanswered request can be deferred");
  m_state = EState::kDeferred;
  return {m_turn.Defer(), m_table.Links(), MsgCode()};
}

bool CRequest::Join(std::string_view room) {
  return m_table.Links().hub.Join(Session(), ENameKind::kRoom, room, m_turn.Tally());
}

bool CRequest::Bind(std::string_view user, Login login) {
  return m_table.Links().hub.Bind(Session(), user, login, m_turn.Tally());
}

bool CRequest::Publish(std::string_view room, uint16_t msgCode, std::span<const std::byte> body) {
  return m_table.Links().hub.Publish(ENameKind::kRoom, room, msgCode, body, Session(), m_turn.Tally());
}

std::string_view CRequest::Mistake(bool isGood) const {
  switch (m_mistake) {
    case EMistake::kTooLarge:
      return "the reply is over 65,527 bytes: send less, or several packets";
    case EMistake::kOneWay:
      return "the code is one-way: register it with Replies::kOne to reply";
    case EMistake::kRoom:
      return "ReplyInPlace was told of more bytes than it gave room for";
    case EMistake::kNone:
      break;
  }
  return isGood ? "the handler returned true without an answer: call Reply, Reject or Defer, or register the code "
                  "with Replies::kNone"
                : "the handler returned false without an answer: call Reject to tell the client why";
}

}  // namespace switchboard
