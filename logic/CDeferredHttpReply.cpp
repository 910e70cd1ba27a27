#include "logic/CDeferredHttpReply.h"

#include <utility>

#include "logic/CHttpRoutes.h"

namespace switchboard {

CDeferredHttpReply::CDeferredHttpReply(CHttpRoutes& routes, const CSession& session, uint16_t listener, bool isLast,
                                       std::string_view head)
    : m_p_routes(&routes), m_session(session), m_listener(listener), m_isLast(isLast), m_head(head) {}

CDeferredHttpReply::CDeferredHttpReply(CDeferredHttpReply&& other) noexcept
    : m_p_routes(std::exchange(other.m_p_routes, nullptr)),
      m_session(other.m_session),
      m_listener(other.m_listener),
      m_isLast(other.m_isLast),
      m_head(std::move(other.m_head)) {}

CDeferredHttpReply& CDeferredHttpReply::operator=(CDeferredHttpReply&& other) noexcept {
  if (this != &other) {
    Drop();
    m_p_routes = std::exchange(other.m_p_routes, nullptr);
    m_session = other.m_session;
    m_listener = other.m_listener;
    m_isLast = other.m_isLast;
    m_head = std::move(other.m_head);
  }
  return *this;
}

CDeferredHttpReply::~CDeferredHttpReply() { Drop(); }

bool CDeferredHttpReply::Reply(const SHttpReply& reply) {
  if (m_p_routes == nullptr || !reply.IsValid() || reply.Bytes() > m_p_routes->MaxReplyBytes()) return false;
  return std::exchange(m_p_routes, nullptr)->AnswerDeferred(*this, reply, ECounter::kPacketsReplied);
}

void CDeferredHttpReply::Drop() {
  if (m_p_routes != nullptr) std::exchange(m_p_routes, nullptr)->FailDeferred(*this);
}

}  // namespace switchboard
