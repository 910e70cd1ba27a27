#include "logic/CDeferredReply.h"

#include <utility>

#include "logic/CLogic.h"

namespace switchboard {

CDeferredReply::CDeferredReply(CLogic& logic, const CSession& session, uint16_t msgCode)
    : m_p_logic(&logic), m_session(session), m_msgCode(msgCode) {}

CDeferredReply::CDeferredReply(CDeferredReply&& other) noexcept
    : m_p_logic(std::exchange(other.m_p_logic, nullptr)), m_session(other.m_session), m_msgCode(other.m_msgCode) {}

CDeferredReply& CDeferredReply::operator=(CDeferredReply&& other) noexcept {
  if (this != &other) {
    Reject(ERejectReason::kHandlerFailed);
    m_p_logic = std::exchange(other.m_p_logic, nullptr);
    m_session = other.m_session;
    m_msgCode = other.m_msgCode;
  }
  return *this;
}

CDeferredReply::~CDeferredReply() { Reject(ERejectReason::kHandlerFailed); }

bool CDeferredReply::Reply(std::span<const std::byte> body) {
  if (m_p_logic == nullptr || body.size() > kMaxBodyBytes) return false;
  return std::exchange(m_p_logic, nullptr)->AnswerDeferred(m_session, m_msgCode, body);
}

bool CDeferredReply::Reject(ERejectReason reason) {
  if (m_p_logic == nullptr) return false;
  return std::exchange(m_p_logic, nullptr)->RejectDeferred(m_session, m_msgCode, reason);
}

}  // namespace switchboard
