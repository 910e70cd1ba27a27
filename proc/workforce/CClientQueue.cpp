#include "proc/workforce/CClientQueue.h"

#include <poll.h>
#include <sys/ioctl.h>

#include <utility>
#include <vector>

namespace switchboard {

namespace {

constexpr size_t kLooksForEach = 1024;  // of those who wait, for one who comes

// Nothing is read from it: what it has asked, a worker will.
bool HasGone(const pollfd& peer) {
  if ((peer.revents & (POLLERR | POLLHUP)) != 0) return true;
  int unread = 0;
  return (peer.revents & POLLRDHUP) != 0 && ::ioctl(peer.fd, FIONREAD, &unread) == 0 && unread == 0;
}

}  // namespace

CClientQueue::SClient CClientQueue::TakeLast() {
  SClient last = std::move(m_clients.back());
  m_clients.pop_back();
  return last;
}

void CClientQueue::TakeBack(std::deque<SClient>& clients) {
  for (; !clients.empty(); clients.pop_back()) m_clients.push_front(std::move(clients.back()));
}

bool CClientQueue::Fits(size_t places) {
  if (m_clients.size() <= places) return true;
  if (++m_turnedAway * kLooksForEach < m_clients.size()) return false;
  m_turnedAway = 0;
  DropGone();
  return m_clients.size() <= places;
}

void CClientQueue::DropGone() {
  std::vector<pollfd> peers;
  for (const SClient& client : m_clients) peers.push_back({client.fd.Get(), POLLRDHUP, 0});
  if (::poll(peers.data(), peers.size(), 0) <= 0) return;
  std::deque<SClient> stayed;
  for (size_t i = 0; i < peers.size(); ++i) {
    if (!HasGone(peers[i])) stayed.push_back(std::move(m_clients[i]));
  }
  m_clients = std::move(stayed);
}

}  // namespace switchboard
