#pragma once

#include <cstddef>

#include "misc/thread/CClock.h"

namespace switchboard {

class CConnection;

// What a connection owns while a request of it has arrived in part; between requests it owns none. The protocol keeps
// the bytes, in a subclass of its own. A started request is in the list of those that have to finish in time, and
// leaves it when this is destroyed.
// Threads: sb-io.
class CInput {
 public:
  explicit CInput(CConnection& connection) : m_p_connection(&connection) {}
  CInput(const CInput&) = delete;
  CInput& operator=(const CInput&) = delete;
  virtual ~CInput() { Unlist(); }

  // The memory that it takes, about.
  virtual size_t HeldBytes() const = 0;

  bool IsListed() const { return m_link.p_next != nullptr; }
  void Unlist() {
    if (!IsListed()) return;
    m_link.p_before->p_next = m_link.p_next;
    m_link.p_next->p_before = m_link.p_before;
    m_link = {};
  }

 private:
  friend class CPartialList;
  struct SLink {
    SLink* p_before = nullptr;
    SLink* p_next = nullptr;
    CInput* p_input = nullptr;
  };

  CConnection* const m_p_connection;
  MonotonicTime m_deadline;
  SLink m_link;
};

}  // namespace switchboard
