#include "net/accept/CDispatchAccept.h"

#include <cerrno>
#include <utility>

namespace switchboard {

void CDispatchAccept::Post(CFd fd, uint32_t listener) {
  {
    CMutexLock lock(m_mutex);
    m_posted.push_back({std::move(fd), listener});
  }
  m_wakeup.Signal();
}

bool CDispatchAccept::Next(SNewcomer& newcomer) {
  if (m_waiting.empty()) {
    // In this order: what is posted in between signals again.
    m_wakeup.Clear();
    CMutexLock lock(m_mutex);
    m_waiting.swap(m_posted);
  }
  SkipLost();
  if (m_waiting.empty()) {
    errno = std::exchange(m_hasLost, false) ? EMFILE : EAGAIN;
    return false;
  }
  SClient client = std::move(m_waiting.front());
  m_waiting.pop_front();
  newcomer.fd = std::move(client.fd);
  newcomer.listener = client.listener;
  newcomer.address = {};
  socklen_t size = sizeof(newcomer.address);
  // It fails for a peer that has reset the connection by now, who is then unknown.
  ::getpeername(newcomer.fd.Get(), reinterpret_cast<sockaddr*>(&newcomer.address), &size);
  return true;
}

void CDispatchAccept::SkipLost() {
  for (; !m_waiting.empty() && !m_waiting.front().fd.IsValid(); m_waiting.pop_front()) {
    m_handOver.missed.fetch_or(SHandOver::MissedBit(m_handOver.taken.load(std::memory_order_relaxed)));
    OnAdopted();
    m_hasLost = true;
  }
}

void CDispatchAccept::OnAdopted() {
  m_handOver.taken.fetch_add(1, std::memory_order_release);
  m_hasTaken = true;
}

bool CDispatchAccept::End(CEpoll&, uint64_t) {
  if (!m_waiting.empty()) m_wakeup.Signal();
  if (std::exchange(m_hasTaken, false)) m_masterBell.Signal();
  return true;
}

void CDispatchAccept::Close(CEpoll& epoll) {
  Disarm(epoll);
  m_waiting.clear();
  {
    CMutexLock lock(m_mutex);
    m_posted.clear();
  }
  m_handOver.isOver.store(true, std::memory_order_release);
  m_masterBell.Signal();
}

}  // namespace switchboard
