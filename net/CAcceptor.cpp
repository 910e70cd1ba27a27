#include "net/CAcceptor.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace switchboard {

namespace {

constexpr int kAcceptsPerEvent = 64;  // then the established connections get their turn
constexpr int kMaxBatches = 1024;     // of a queue that should end: no backlog is longer than 65,535
constexpr std::chrono::seconds kRetry{1};

bool IsOutOfResources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

CAcceptor::CAcceptor(std::vector<SListenerSocket> listeners, uint64_t firstKey, CEpoll& epoll, CConnectionPool& pool,
                     SInboxes& inboxes, CLog& log, const CTally& tally, Adopt adopt)
    : m_listeners(std::move(listeners)),
      m_firstKey(firstKey),
      m_epoll(epoll),
      m_pool(pool),
      m_inboxes(inboxes),
      m_log(log),
      m_tally(tally),
      m_adopt(std::move(adopt)) {}

void CAcceptor::Start() {
  for (size_t i = 0; i < m_listeners.size(); ++i) {
    if (!m_epoll.Add(m_listeners[i].fd.Get(), EPOLLIN, m_firstKey + i)) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl on a listener");
    }
  }
}

void CAcceptor::Add(SListenerSocket listener) {
  if (m_isStopped) return;
  const uint32_t events = m_retryAt ? 0u : static_cast<uint32_t>(EPOLLIN);
  if (!m_epoll.Add(listener.fd.Get(), events, m_firstKey + m_listeners.size())) {
    m_log.Error("a listening socket can't be served: {}", std::generic_category().message(errno));
    return;
  }
  m_listeners.push_back(std::move(listener));
}

bool CAcceptor::Accept(uint64_t key, MonotonicTime now) {
  if (m_listeners.empty()) return false;
  const SListenerSocket& from = m_listeners[key - m_firstKey];
  const int listener = from.fd.Get();
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    if (!m_pool.HasFree()) {
      Rest(now, "all connection slots are in use (pool.max_connections)");
      return false;
    }
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    CFd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.IsValid()) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      if (IsOutOfResources(errno)) {
        Rest(now, std::generic_category().message(errno).c_str());
        return false;
      }
      continue;  // this peer's trouble (ECONNABORTED and its like), not the next one's
    }
    const int on = 1;
    ::setsockopt(fd.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    m_adopt(std::move(fd), SPeer::From(address), from.listener);
  }
  return true;
}

void CAcceptor::AcceptAll(MonotonicTime now) {
  for (size_t i = 0; i < m_listeners.size(); ++i) {
    int batches = 1;
    while (batches < kMaxBatches && Accept(m_firstKey + i, now)) ++batches;
  }
}

void CAcceptor::Rest(MonotonicTime now, const char* p_why) {
  m_tally.Add(ECounter::kAcceptPauses);
  m_log.WarnLimited(m_restLimit, "accepting rests: {}", p_why);
  Arm(0);
  m_retryAt = now + kRetry;
  // Whatever becomes free from here on wakes us; what became free before is found at the retry.
  m_inboxes.isAcceptResting.store(true);
}

void CAcceptor::Resume() {
  if (!m_retryAt) return;
  m_retryAt.reset();
  m_inboxes.isAcceptResting.store(false);
  Arm(EPOLLIN);
}

void CAcceptor::Stop() {
  for (const SListenerSocket& listener : m_listeners) m_epoll.Remove(listener.fd.Get());
  m_listeners.clear();
  m_isStopped = true;
  m_retryAt.reset();
}

void CAcceptor::Arm(uint32_t events) {
  for (size_t i = 0; i < m_listeners.size(); ++i) m_epoll.Modify(m_listeners[i].fd.Get(), events, m_firstKey + i);
}

}  // namespace switchboard
