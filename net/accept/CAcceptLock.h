#pragma once

#include <atomic>

#include "misc/file/CFd.h"
#include "misc/thread/CWakeup.h"

namespace switchboard {

// What the workers of one shared listening socket share besides it (accept = "mutex"): the right to accept, which one
// of them has at a time, and a bell for the clients that its owner leaves to the others. Made by the master, inherited
// by the workers it forks.
//
// The right is a record lock of the kernel's, which a process loses when it dies. It isn't a mutex in shared memory,
// which a worker that isn't itself any more could fill with pointers that the others follow.
// Threads: any, of any process.
class CAcceptLock {
 public:
  // Throws std::system_error.
  CAcceptLock();

  // Never waits: false when somebody else has it.
  bool TryLock();
  void Unlock();

  // Wakes one of those who wait for BellFd, if there is one. Who watches it does so with EPOLLEXCLUSIVE | EPOLLET, and
  // never reads it.
  void Ring() { m_bell.Signal(); }
  int BellFd() const { return m_bell.Fd(); }

 private:
  bool Set(short type);

  // Empty. Of a process only this descriptor may be closed: any duplicate's end would end the lock.
  CFd m_file;
  std::atomic<bool> m_isOurs{false};  // of this process: the kernel doesn't tell its threads apart
  CWakeup m_bell;
};

}  // namespace switchboard
