#include "logic/CDeferredHttpReply.h"

#include <utility>

#include "logic/CRouteTable.h"
#include "net/site/CHttpSite.h"

namespace switchboard {

CDeferredHttpReply::CDeferredHttpReply(CDeferral deferral, CRouteTable& routes, CHttpSite& site,
                                       const std::shared_ptr<const CBlock>& p_posted)
    : m_deferral(std::move(deferral)), m_p_routes(&routes), m_p_site(&site), m_p_posted(p_posted) {}

CDeferredHttpReply& CDeferredHttpReply::operator=(CDeferredHttpReply&& other) noexcept {
  if (this != &other) {
    Drop();
    m_deferral = std::move(other.m_deferral);
    m_p_routes = other.m_p_routes;
    m_p_site = other.m_p_site;
    m_p_posted = std::move(other.m_p_posted);
    m_refusal = other.m_refusal;
  }
  return *this;
}

bool CDeferredHttpReply::Reply(const SHttpReply& reply) {
  if (!m_deferral.IsOpen()) return false;
  m_refusal = m_p_routes->RefusalOf(reply);
  if (!m_refusal.empty()) return false;
  return m_p_routes->AnswerDeferred(m_deferral, *m_p_site, m_p_posted.lock(), reply, ECounter::kPacketsReplied);
}

void CDeferredHttpReply::Drop() {
  if (!m_deferral.IsOpen()) return;
  m_p_routes->FailDeferred(
      m_deferral, *m_p_site, m_p_posted.lock(),
      m_refusal.empty() ? "the CDeferredHttpReply was dropped without an answer: call Reply on it" : m_refusal);
}

}  // namespace switchboard
