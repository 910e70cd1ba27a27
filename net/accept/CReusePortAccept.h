#pragma once

#include <utility>

#include "net/accept/CAcceptStrategy.h"

namespace switchboard {

// accept = "reuseport": a listening socket, and accept queue, of the worker's own. Level-triggered.
// Threads: sb-io.
class CReusePortAccept final : public CAcceptStrategy {
 public:
  CReusePortAccept(CFd socket, uint32_t listener) : m_socket(std::move(socket)), m_listener(listener) {}

  bool Arm(CEpoll& epoll, uint64_t key) override { return epoll.Add(m_socket.Get(), EPOLLIN, key); }
  void Disarm(CEpoll& epoll) override { epoll.Remove(m_socket.Get()); }
  bool Next(SNewcomer& newcomer) override {
    newcomer.listener = m_listener;
    return AcceptFrom(m_socket.Get(), newcomer);
  }

 private:
  const CFd m_socket;
  const uint32_t m_listener;
};

}  // namespace switchboard
