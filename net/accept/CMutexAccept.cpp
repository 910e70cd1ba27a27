#include "net/accept/CMutexAccept.h"

#include <cerrno>

namespace switchboard {

namespace {

constexpr uint32_t kOneOfAllAtAnEdge = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET;

}  // namespace

bool CMutexAccept::Arm(CEpoll& epoll, uint64_t key) {
  if (!epoll.Add(m_p_lock->BellFd(), kOneOfAllAtAnEdge, key)) return false;
  if (epoll.Add(m_socket.Get(), kOneOfAllAtAnEdge, key)) return true;
  const int error = errno;
  epoll.Remove(m_p_lock->BellFd());
  errno = error;
  return false;
}

void CMutexAccept::Disarm(CEpoll& epoll) {
  epoll.Remove(m_socket.Get());
  epoll.Remove(m_p_lock->BellFd());
  m_p_lock->Ring();
}

bool CMutexAccept::Next(SNewcomer& newcomer) {
  newcomer.listener = m_listener;
  return AcceptFrom(m_socket.Get(), newcomer);
}

bool CMutexAccept::End(CEpoll& epoll, uint64_t key) {
  m_p_lock->Unlock();
  epoll.Remove(m_socket.Get());
  return epoll.Add(m_socket.Get(), kOneOfAllAtAnEdge, key);
}

}  // namespace switchboard
