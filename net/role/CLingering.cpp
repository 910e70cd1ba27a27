#include "net/role/CLingering.h"

#include <cerrno>
#include <chrono>
#include <utility>

#include "net/conn/CTransport.h"

namespace switchboard {

namespace {

// A peer that lingers has sent nothing for so long; and at most it has so long to hear its last answer.
constexpr std::chrono::seconds kLingerSilence{5};
constexpr std::chrono::seconds kLingerMost{30};

}  // namespace

void CLingering::Begin(const CSession& session, MonotonicTime now) {
  CConnection& connection = m_pool.At(session.Slot());
  connection.read.isLingering = true;
  connection.Touch(now);
  if (m_isStopping || !m_epoll.Add(connection.fd.Get(), EPOLLIN, session.Key())) {
    End(connection);
    return;
  }
  m_queue.push_back({now + kLingerSilence, now + kLingerMost, session});
}

void CLingering::DropInput(CConnection& connection, MonotonicTime now) {
  const ssize_t n = CTransport::Read(connection.fd.Get(), m_buffer);
  if (n > 0) {
    connection.Touch(now);
  } else if (n == 0 || !CTransport::IsTemporary(errno)) {
    End(connection);
  }
}

void CLingering::Expire(MonotonicTime now) {
  while (!m_queue.empty() && m_queue.front().at <= now) {
    SLingering lingering = m_queue.front();
    m_queue.pop_front();
    CConnection& connection = m_pool.At(lingering.session.Slot());
    if (connection.Generation() != lingering.session.Generation() || !connection.read.isLingering) continue;
    if (connection.LastActive() + kLingerSilence > now && lingering.end > now) {
      lingering.at = now + kLingerSilence;
      m_queue.push_back(lingering);
    } else {
      End(connection);
    }
  }
}

std::optional<MonotonicTime> CLingering::Next() const {
  if (m_queue.empty()) return std::nullopt;
  return m_queue.front().at;
}

void CLingering::EndAll() {
  m_isStopping = true;
  for (const SLingering& lingering : m_queue) {
    CConnection& connection = m_pool.At(lingering.session.Slot());
    if (connection.Generation() == lingering.session.Generation()) End(connection);
  }
  m_queue.clear();
}

void CLingering::End(CConnection& connection) {
  if (!std::exchange(connection.read.isLingering, false)) return;
  m_epoll.Remove(connection.fd.Get());
  m_inboxes.TellRecycler(recycle_note::SLingerDone{connection.Session()});
}

}  // namespace switchboard
