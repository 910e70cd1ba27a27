#pragma once

#include "net/conn/CConnection.h"
#include "net/conn/Notes.h"

namespace switchboard {

// Asks for the close of a connection, whoever wants it. sb-io is asked, since it holds the read half; it passes the
// connection on to sb-recycle, which closes the socket.
// Threads: any.
class CCloser {
 public:
  explicit CCloser(SInboxes& inboxes) : m_inboxes(inboxes) {}

  // Moves the connection on to `phase` (draining, flushing or aborting) if it is still the life `generation` and
  // hasn't got that far. False when that life is over.
  bool Close(CConnection& connection, uint32_t generation, EPhase phase, ECloseReason reason) {
    const CConnection::EClose result = connection.MoveTo(phase, reason, generation);
    if (result == CConnection::EClose::kAsked) {
      m_inboxes.io.Post(io_note::SPhaseMoved{{connection.worker, connection.slot, generation}});
    }
    return result != CConnection::EClose::kGone;
  }

 private:
  SInboxes& m_inboxes;
};

}  // namespace switchboard
