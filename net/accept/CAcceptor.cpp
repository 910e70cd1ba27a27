#include "net/accept/CAcceptor.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "net/accept/CMutexAccept.h"
#include "net/accept/CReusePortAccept.h"

namespace switchboard {

namespace {

constexpr int kAcceptsPerEvent = 64;  // then the established connections get their turn
constexpr int kMaxBatches = 1024;     // of a queue that should end: no backlog is longer than 65,535
constexpr std::chrono::seconds kRetry{1};

std::string ErrorText() { return std::generic_category().message(errno); }

bool IsOutOfResources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

CAcceptor::CAcceptor(std::vector<SListenerSocket> listeners, uint64_t firstKey, CEpoll& epoll, CConnectionPool& pool,
                     SInboxes& inboxes, CLog& log, const CTally& tally, Adopt adopt)
    : m_firstKey(firstKey),
      m_epoll(epoll),
      m_pool(pool),
      m_inboxes(inboxes),
      m_log(log),
      m_tally(tally),
      m_adopt(std::move(adopt)) {
  for (SListenerSocket& listener : listeners) m_sources.push_back(MakeSource(std::move(listener)));
}

std::unique_ptr<CAcceptStrategy> CAcceptor::MakeSource(SListenerSocket listener) {
  if (listener.p_lock == nullptr) {
    return std::make_unique<CReusePortAccept>(std::move(listener.fd), listener.listener);
  }
  return std::make_unique<CMutexAccept>(std::move(listener.fd), listener.listener, std::move(listener.p_lock));
}

void CAcceptor::Start() {
  for (size_t i = 0; i < m_sources.size(); ++i) {
    if (!m_sources[i]->Arm(m_epoll, m_firstKey + i)) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl on a listener");
    }
  }
}

void CAcceptor::Add(SListenerSocket listener) { Add(MakeSource(std::move(listener))); }

void CAcceptor::Add(std::unique_ptr<CAcceptStrategy> p_source) {
  if (m_isStopped) return;
  // A resting acceptor watches nothing; Resume does it then.
  if (!m_retryAt && !p_source->Arm(m_epoll, m_firstKey + m_sources.size())) {
    m_log.Error("a listening socket can't be served: {}", std::generic_category().message(errno));
    return;
  }
  m_sources.push_back(std::move(p_source));
}

bool CAcceptor::Accept(uint64_t key, MonotonicTime now) {
  m_tally.Add(ECounter::kAcceptWakeups);
  const bool isLate = m_retryAt || m_sources.empty();  // the event came together with what made us rest, or stop
  if (isLate) return false;
  CAcceptStrategy& source = *m_sources[key - m_firstKey];
  if (!source.Begin()) return false;
  std::string trouble;
  const bool mayMoreWait = TakeBatch(source, trouble);
  if (!source.End(m_epoll, key) && trouble.empty()) trouble = "a listener can't be watched: " + ErrorText();
  if (!trouble.empty()) Rest(now, trouble);
  return mayMoreWait;
}

bool CAcceptor::TakeBatch(CAcceptStrategy& source, std::string& trouble) {
  SNewcomer newcomer;
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    if (!m_pool.HasFree()) {
      trouble = "all connection slots are in use (pool.max_connections)";
      return false;
    }
    if (!source.Next(newcomer)) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      if (IsOutOfResources(errno)) {
        trouble = std::generic_category().message(errno);
        return false;
      }
      continue;  // this peer's trouble (ECONNABORTED and its like), not the next one's
    }
    const int on = 1;
    ::setsockopt(newcomer.fd.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    m_adopt(std::move(newcomer.fd), SPeer::From(newcomer.address), newcomer.listener);
    source.OnAdopted();
  }
  return true;
}

void CAcceptor::AcceptAll(MonotonicTime now) {
  for (size_t i = 0; i < m_sources.size(); ++i) {
    int batches = 1;
    while (batches < kMaxBatches && Accept(m_firstKey + i, now)) ++batches;
  }
}

void CAcceptor::Rest(MonotonicTime now, const std::string& why) {
  m_tally.Add(ECounter::kAcceptPauses);
  m_log.WarnLimited(m_restLimit, "accepting rests: {}", why);
  for (const auto& p_source : m_sources) p_source->Disarm(m_epoll);
  m_retryAt = now + kRetry;
  // Whatever becomes free from here on wakes us; what became free before is found at the retry.
  m_inboxes.isAcceptResting.store(true);
}

void CAcceptor::Resume(MonotonicTime now) {
  if (!m_retryAt) return;
  m_retryAt.reset();
  m_inboxes.isAcceptResting.store(false);
  for (size_t i = 0; i < m_sources.size(); ++i) {
    if (m_sources[i]->Arm(m_epoll, m_firstKey + i)) continue;
    // What one of them lacks the next try may find.
    Rest(now, "a listener can't be watched: " + ErrorText());
    return;
  }
}

void CAcceptor::Stop(bool isServersEnd) {
  for (const auto& p_source : m_sources) {
    std::string trouble;  // of which there will be no more
    if (isServersEnd && p_source->IsOwed()) TakeBatch(*p_source, trouble);
    p_source->Close(m_epoll);
  }
  m_sources.clear();
  m_isStopped = true;
  m_retryAt.reset();
}

}  // namespace switchboard
