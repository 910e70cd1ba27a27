#pragma once

#include <string>

#include "misc/file/CFd.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"

namespace switchboard {

// What the master of an old binary leaves to the next one through exec: listening sockets, the count of the worker
// processes, and the pipe for the verdict about the start. It is in the environment:
//   SWITCHBOARD_LISTENERS  CListenerStore::ToText
//   SWITCHBOARD_PROCESSES  the descriptor of CProcessNumbers
//   SWITCHBOARD_VERDICT    the descriptor of the pipe
// Threads: one, the only one of its process.
class CInheritance {
 public:
  // In the process that is about to exec.
  static void Leave(const CListenerStore& listeners, const CProcessNumbers& numbers, int verdict);

  // In the new binary: takes it over, and out of the environment. Nothing is there at an ordinary start.
  // Throws std::runtime_error with one line when it can't be understood.
  CInheritance();

  // Invalid at an ordinary start.
  CFd TakeVerdict() { return std::move(m_verdict); }
  // For CProcessNumbers. Invalid at an ordinary start, and after a binary that didn't count yet.
  CFd TakeNumbers() { return std::move(m_numbers); }
  // For CListenerStore::Inherit.
  const std::string& Listeners() const { return m_listeners; }

 private:
  CFd m_verdict;
  CFd m_numbers;
  std::string m_listeners;
};

}  // namespace switchboard
