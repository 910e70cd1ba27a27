#pragma once

#include <memory>
#include <utility>

#include "net/accept/CAcceptLock.h"
#include "net/accept/CAcceptStrategy.h"

namespace switchboard {

// accept = "mutex": one listening socket for all workers, of which one accepts at a time.
//
// A client wakes one sleeping worker (EPOLLEXCLUSIVE). The wake-up is an edge, so that who comes while another one
// accepts goes back to sleep instead of finding the queue ready again and again. Nobody is forgotten by that: the owner
// of the mutex watches the socket anew after it has given the mutex back, and a socket that is watched anew is ready at
// once if somebody waits. Watching anew also puts the worker at the end of the kernel's line, so that they take turns.
// Who leaves the line rings for another one, as it may have been woken for somebody whom it won't serve.
// Threads: sb-io.
class CMutexAccept final : public CAcceptStrategy {
 public:
  CMutexAccept(CFd socket, uint32_t listener, std::shared_ptr<CAcceptLock> p_lock)
      : m_socket(std::move(socket)), m_listener(listener), m_p_lock(std::move(p_lock)) {}

  bool Arm(CEpoll& epoll, uint64_t key) override;
  void Disarm(CEpoll& epoll) override;
  bool Begin() override { return m_p_lock->TryLock(); }
  bool Next(SNewcomer& newcomer) override;
  bool End(CEpoll& epoll, uint64_t key) override;

 private:
  const CFd m_socket;
  const uint32_t m_listener;
  const std::shared_ptr<CAcceptLock> m_p_lock;
};

}  // namespace switchboard
