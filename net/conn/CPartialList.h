#pragma once

#include <utility>

#include "net/conn/CConnection.h"

namespace switchboard {

// The connections with a started packet, oldest deadline first; a node is in the connection itself.
// Threads: sb-io. The deadlines must be added in order, which a constant timeout gives.
class CPartialList {
 public:
  CConnection* First() const { return m_p_first; }

  void PushBack(CConnection& connection, MonotonicTime deadline) {
    connection.partialDeadline = deadline;
    connection.isPartialListed = true;
    connection.p_partialBefore = m_p_last;
    connection.p_partialAfter = nullptr;
    (m_p_last != nullptr ? m_p_last->p_partialAfter : m_p_first) = &connection;
    m_p_last = &connection;
  }

  // Nothing to do when it isn't in the list.
  void Remove(CConnection& connection) {
    if (!std::exchange(connection.isPartialListed, false)) return;
    CConnection* p_before = std::exchange(connection.p_partialBefore, nullptr);
    CConnection* p_after = std::exchange(connection.p_partialAfter, nullptr);
    (p_before != nullptr ? p_before->p_partialAfter : m_p_first) = p_after;
    (p_after != nullptr ? p_after->p_partialBefore : m_p_last) = p_before;
  }

 private:
  CConnection* m_p_first = nullptr;
  CConnection* m_p_last = nullptr;
};

}  // namespace switchboard
