#include "net/role/CTurn.h"

#include <cstring>

#include "net/wire/CFrameEncoder.h"

namespace switchboard {

namespace {

thread_local CTurn* t_p_current = nullptr;

}  // namespace

CTurn::CTurn(CSender& sender, SInboxes& inboxes, const CTally& tally, CTrace& trace)
    : m_sender(sender),
      m_closer(inboxes),
      m_tally(tally),
      m_trace(trace),
      m_p_gathered(std::make_unique_for_overwrite<std::byte[]>(kCapacity)) {}

CTurn* CTurn::Current() { return t_p_current; }

void CTurn::Begin(CConnection& connection) {
  m_p_connection = &connection;
  m_session = connection.Session();
  m_isDeferred = m_isYielding = false;
  m_trace.BeginSession(m_session.Slot(), m_session.Generation(), connection.PeerWords());
  t_p_current = this;
}

void CTurn::End() {
  Flush();
  t_p_current = nullptr;
  m_p_connection = nullptr;
}

bool CTurn::Put(uint16_t msgCode, std::span<const std::byte> body) {
  if (body.size() > kMaxBodyBytes || !m_p_connection->IsAnswering()) return false;
  if (m_size + kHeaderBytes + body.size() > kCapacity) Flush();
  CFrameEncoder::WriteFrame(m_p_gathered.get() + m_size, msgCode, body);
  m_size += kHeaderBytes + body.size();
  return true;
}

bool CTurn::PutBytes(std::span<const std::byte> bytes) {
  if (!m_p_connection->IsAnswering()) return false;
  if (m_size + bytes.size() > kCapacity) Flush();
  if (bytes.size() > kCapacity) return m_sender.Write(*m_p_connection, m_session.Generation(), bytes, m_tally);
  std::memcpy(m_p_gathered.get() + m_size, bytes.data(), bytes.size());
  m_size += bytes.size();
  return true;
}

std::span<std::byte> CTurn::Room(size_t bodyBytes) {
  if (m_size + kHeaderBytes + bodyBytes > kCapacity) Flush();
  return {m_p_gathered.get() + m_size + kHeaderBytes, bodyBytes};
}

bool CTurn::PutInPlace(uint16_t msgCode, size_t bodyBytes) {
  if (!m_p_connection->IsAnswering()) return false;
  CFrameEncoder::WriteHeader(m_p_gathered.get() + m_size, msgCode, bodyBytes);
  m_size += kHeaderBytes + bodyBytes;
  return true;
}

void CTurn::Flush() {
  if (m_size == 0) return;
  m_sender.Write(*m_p_connection, m_session.Generation(), {m_p_gathered.get(), m_size}, m_tally);
  m_size = 0;
}

void CTurn::Close(EPhase phase, ECloseReason reason) {
  Flush();
  m_closer.Close(*m_p_connection, m_session.Generation(), phase, reason);
}

void CTurn::Defer() {
  // What was answered before must be on its way before another thread can answer this one.
  Flush();
  m_isDeferred = true;
  m_p_connection->mailbox.BeginDeferral();
}

}  // namespace switchboard
