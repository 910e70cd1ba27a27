#include "logic/CRequest.h"

#include <algorithm>
#include <stdexcept>

#include "logic/CLogic.h"

namespace switchboard {

CRequest::CRequest(CLogic& logic, CTurn& turn, const SFrame& frame, enum Reply reply)
    : CSessionContext(turn), m_logic(logic), m_frame(frame), m_reply(reply) {}

bool CRequest::ReplyAs(uint16_t msgCode, std::span<const std::byte> body) {
  if (m_isEnded || m_reply == Reply::kNone || body.size() > kMaxBodyBytes) return false;
  m_isEnded = true;
  const bool isTaken = m_turn.Put(msgCode, body);
  m_turn.Tally().Add(isTaken ? ECounter::kPacketsReplied : ECounter::kPacketsDiscarded);
  return isTaken;
}

bool CRequest::EndInPlace(size_t bodyBytes) {
  m_isEnded = true;
  const bool isTaken = m_turn.PutInPlace(MsgCode(), bodyBytes);
  m_turn.Tally().Add(isTaken ? ECounter::kPacketsReplied : ECounter::kPacketsDiscarded);
  return isTaken;
}

bool CRequest::Reject(ERejectReason reason) {
  if (m_isEnded) return false;
  m_isEnded = true;
  return m_logic.Refuse(m_turn, m_frame.msgCode, reason, static_cast<uint16_t>(reason));
}

bool CRequest::Reject(uint16_t userReason) {
  if (m_isEnded) return false;
  m_isEnded = true;
  return m_logic.Refuse(m_turn, m_frame.msgCode, ERejectReason::kByHandler, std::max(userReason, kFirstUserReason));
}

CDeferredReply CRequest::Defer() {
  if (m_isEnded || m_reply == Reply::kNone) throw std::logic_error("only an unanswered request can be deferred");
  m_isEnded = true;
  m_turn.Defer();
  return {m_logic, Session(), MsgCode()};
}

}  // namespace switchboard
