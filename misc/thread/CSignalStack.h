#pragma once

#include <cstddef>
#include <memory>

namespace switchboard {

// A stack for the signal handlers of its thread: one that overflowed its own couldn't run any otherwise, and would die
// without leaving a mark. A stack that the thread has already (a sanitizer's) stays.
// Threads: made and destroyed by the thread that it is for.
class CSignalStack {
 public:
  CSignalStack();
  ~CSignalStack();
  CSignalStack(const CSignalStack&) = delete;
  CSignalStack& operator=(const CSignalStack&) = delete;

 private:
  std::unique_ptr<std::byte[]> m_p_memory;  // nullptr: the thread has another one
};

}  // namespace switchboard
