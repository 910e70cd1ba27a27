#pragma once

#include "net/conn/CConnection.h"
#include "net/conn/CInput.h"

namespace switchboard {

// The connections with a started request, oldest deadline first; a node is in what the connection has of the request.
// Threads: sb-io. The deadlines must be added in order, which a constant timeout gives.
class CPartialList {
 public:
  CPartialList() { m_ends.p_before = m_ends.p_next = &m_ends; }
  CPartialList(const CPartialList&) = delete;
  CPartialList& operator=(const CPartialList&) = delete;
  ~CPartialList() {
    while (m_ends.p_next != &m_ends) m_ends.p_next->p_input->Unlist();
  }

  // The connection whose deadline comes next; nullptr when none has a started request.
  CConnection* First() const { return IsEmpty() ? nullptr : m_ends.p_next->p_input->m_p_connection; }
  // Only while there is a first one.
  MonotonicTime FirstDeadline() const { return m_ends.p_next->p_input->m_deadline; }

  // Nothing to do when it is in the list.
  void Add(CConnection& connection, MonotonicTime deadline) {
    CInput& input = *connection.read.p_input;
    if (input.IsListed()) return;
    input.m_deadline = deadline;
    input.m_link = {m_ends.p_before, &m_ends, &input};
    m_ends.p_before->p_next = &input.m_link;
    m_ends.p_before = &input.m_link;
  }
  // Nothing to do when it isn't.
  static void Remove(CConnection& connection) {
    if (connection.read.p_input != nullptr) connection.read.p_input->Unlist();
  }

 private:
  bool IsEmpty() const { return m_ends.p_next == &m_ends; }

  CInput::SLink m_ends;
};

}  // namespace switchboard
