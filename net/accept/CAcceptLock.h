#pragma once

#include <pthread.h>

#include "misc/CFd.h"
#include "misc/CWakeup.h"

namespace switchboard {

// What the workers of one shared listening socket share besides it (accept = "mutex"): the right to accept, which one
// of them has at a time, and a bell for the clients that its owner leaves to the others. Made by the master, inherited
// by the workers it forks.
//
// The right is a robust process-shared mutex in shared memory: when its owner dies, the next one who tries gets it.
// Threads: any, of any process.
class CAcceptLock {
 public:
  // Throws std::system_error.
  CAcceptLock();
  ~CAcceptLock();
  CAcceptLock(const CAcceptLock&) = delete;
  CAcceptLock& operator=(const CAcceptLock&) = delete;

  // Never waits: false when somebody else has it. Who has it gives it back, from the same thread.
  bool TryLock();
  void Unlock();

  // Wakes one of those who wait for BellFd, if there is one. Who watches it does so with EPOLLEXCLUSIVE | EPOLLET, and
  // never reads it.
  void Ring() { m_bell.Signal(); }
  int BellFd() const { return m_bell.Fd(); }

 private:
  pthread_mutex_t* m_p_mutex = nullptr;  // in a mapping of its own
  CWakeup m_bell;
};

}  // namespace switchboard
