#include "net/role/CTurn.h"

#include <cstring>
#include <utility>

#include "net/role/CProtocol.h"

namespace switchboard {

namespace {

thread_local CTurn* t_p_current = nullptr;

}  // namespace

CTurn::CTurn(const STurnLinks& links, const CTally& tally, SThreadTrace& trace, uint8_t pool)
    : m_sender(links.sender),
      m_links(links),
      m_closer(links.inboxes),
      m_tally(tally),
      m_trace(trace),
      m_pool(pool),
      m_p_gathered(std::make_unique_for_overwrite<std::byte[]>(kCapacity)) {}

CTurn* CTurn::Current() { return t_p_current; }

void CTurn::Begin(CConnection& connection) {
  m_p_connection = &connection;
  m_session = connection.Session();
  m_isGood = true;
  m_isHeld = m_hasDeferred = m_hasToStop = false;
  m_nextPool = m_pool;
  m_trace.BeginSession(m_session.Slot(), m_session.Generation(), connection.PeerWords());
  t_p_current = this;
}

void CTurn::End() {
  Flush();
  // Of a connection that was closed before it deferred, nobody else has seen the deferral.
  if (m_hasDeferred && !m_p_connection->IsAnswering()) {
    CDeferral::Cancel(m_links, *m_p_connection, m_session, m_tally);
  }
  t_p_current = nullptr;
  m_p_connection = nullptr;
}

bool CTurn::Put(std::span<const std::byte> bytes) {
  if (!m_p_connection->IsAnswering()) return false;
  if (bytes.size() > kCapacity) {
    Flush();
    m_isGood = m_sender.Write(*m_p_connection, m_session.Generation(), bytes, m_tally) && m_isGood;
    return m_isGood;
  }
  std::memcpy(Room(bytes.size()), bytes.data(), bytes.size());
  m_size += bytes.size();
  return true;
}

bool CTurn::PutFile(SFileRange range) {
  if (!m_p_connection->IsAnswering()) return false;
  const std::span<const std::byte> head(m_p_gathered.get(), std::exchange(m_size, 0));
  m_isGood = m_sender.WriteFile(*m_p_connection, m_session.Generation(), head, std::move(range), m_tally) && m_isGood;
  return m_isGood;
}

void CTurn::Flush() {
  if (m_size == 0) return;
  const std::span<const std::byte> bytes(m_p_gathered.get(), std::exchange(m_size, 0));
  m_isGood = m_sender.Write(*m_p_connection, m_session.Generation(), bytes, m_tally) && m_isGood;
}

void CTurn::Close(EPhase phase, ECloseReason reason) {
  Flush();
  m_closer.Close(*m_p_connection, m_session.Generation(), phase, reason);
}

CDeferral CTurn::Defer(std::shared_ptr<const CBlock> p_kept) {
  // What was answered before must be on its way before another thread can answer this one.
  Flush();
  m_hasDeferred = true;
  m_isHeld = m_p_connection->Protocol().HoldsBehindDeferred();
  m_hasToStop |= m_isHeld;
  return {m_links, m_session, m_p_connection->mailbox.BeginDeferral(m_isHeld, std::move(p_kept))};
}

}  // namespace switchboard
