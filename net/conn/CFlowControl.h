#pragma once

#include <cstdint>

#include "net/conn/CConnection.h"
#include "net/conn/Notes.h"

namespace switchboard {

// Decides when reading a connection rests and resumes, by the memory that it takes in the server, for what is
// unprocessed and what is unsent, and by the requests of it that wait for a handler.
// Threads: any, but ShouldRest is sb-io's.
class CFlowControl {
 public:
  CFlowControl(SInboxes& inboxes, uint32_t pauseBytes, uint32_t mostRequests = UINT32_MAX)
      : m_inboxes(inboxes), m_pauseBytes(pauseBytes), m_mostRequests(mostRequests) {}

  // True when reading is to rest now; Relieve will see to the resumption. Threads: sb-io.
  bool ShouldRest(CConnection& connection) const {
    if (!IsOver(connection)) return false;
    connection.isReadPaused.store(true, std::memory_order_seq_cst);
    // Those who relieve look at the flag after they lowered the bytes; look again, so that one side sees the other.
    return !(IsRelieved(connection) && connection.isReadPaused.exchange(false, std::memory_order_seq_cst));
  }

  // To be called after a connection's bytes or requests have fallen; resumes at half of the limits.
  void Relieve(CConnection& connection) const {
    if (!connection.isReadPaused.load(std::memory_order_seq_cst) || !IsRelieved(connection)) return;
    if (connection.isReadPaused.exchange(false, std::memory_order_seq_cst)) {
      m_inboxes.io.Post(io_note::SResumeRead{connection.Session()});
    }
  }

 private:
  static uint64_t BytesOf(const CConnection& connection) {
    return uint64_t{connection.mailbox.Bytes()} + connection.outbox.Bytes();
  }
  bool IsOver(const CConnection& connection) const {
    return BytesOf(connection) > m_pauseBytes || connection.mailbox.Requests() >= m_mostRequests ||
           connection.outbox.Bytes() > connection.mostUnsent.load(std::memory_order_relaxed);
  }
  bool IsRelieved(const CConnection& connection) const {
    return BytesOf(connection) <= m_pauseBytes / 2 && connection.mailbox.Requests() <= m_mostRequests / 2 &&
           connection.outbox.Bytes() <= connection.mostUnsent.load(std::memory_order_relaxed) / 2;
  }

  SInboxes& m_inboxes;
  const uint32_t m_pauseBytes;
  const uint32_t m_mostRequests;
};

}  // namespace switchboard
