#include "net/role/CDeferral.h"

#include <utility>

#include "misc/count/CTally.h"
#include "net/conn/CConnectionPool.h"
#include "net/role/CBusinessPool.h"
#include "net/role/CSender.h"
#include "net/role/CTurn.h"

namespace switchboard {

CDeferral::CDeferral(CDeferral&& other) noexcept
    : m_p_links(std::exchange(other.m_p_links, nullptr)), m_session(other.m_session), m_number(other.m_number) {}

CDeferral& CDeferral::operator=(CDeferral&& other) noexcept {
  if (this != &other) {
    Drop();
    m_p_links = std::exchange(other.m_p_links, nullptr);
    m_session = other.m_session;
    m_number = other.m_number;
  }
  return *this;
}

CConnection* CDeferral::Connection() const {
  return m_p_links != nullptr ? m_p_links->connections.Find(m_session) : nullptr;
}

bool CDeferral::End(std::span<const std::byte> bytes, ECounter outcome) {
  CConnection* const p_connection = Connection();
  const STurnLinks& links = *std::exchange(m_p_links, nullptr);
  const CTurn* p_turn = CTurn::Current();
  const CTally tally = p_turn != nullptr ? p_turn->Tally() : CTally::Shared(links.page.shared);
  if (p_connection == nullptr || !p_connection->mailbox.ClaimDeferral(m_session.Generation(), m_number)) {
    tally.Add(ECounter::kStaleSessions);
    return false;
  }
  const bool isSent = bytes.empty() || links.sender.Write(*p_connection, m_session.Generation(), bytes, tally);
  tally.Add(isSent ? outcome : ECounter::kPacketsDiscarded);
  tally.Add(ECounter::kPacketsLeft);
  // A claim that holds the connection's turn keeps the slot with this session until here.
  if (p_connection->mailbox.EndDeferral(m_session.Generation(), m_number)) links.business.Push(*p_connection);
  return isSent;
}

void CDeferral::Cancel(const STurnLinks& links, CConnection& connection, const CSession& session, const CTally& tally) {
  const CMailbox::SCancelled cancelled = connection.mailbox.CancelDeferrals(session.Generation());
  if (cancelled.count == 0) return;
  tally.Add(ECounter::kPacketsDiscarded, cancelled.count);
  tally.Add(ECounter::kPacketsLeft, cancelled.count);
  if (cancelled.isRunnable) links.business.Push(connection);
}

void CDeferral::Drop() {
  if (m_p_links != nullptr) End({}, CounterOf(ERejectReason::kHandlerFailed));
}

}  // namespace switchboard
