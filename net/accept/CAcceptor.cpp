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

bool IsOutOfResources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

CAcceptor::CAcceptor(std::vector<SListenerSocket> listeners, uint64_t firstKey, CEpoll& epoll, CConnectionPool& pool,
                     SInboxes& inboxes, CLimitedLog& log, const CTally& tally, Adopt adopt)
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
    m_log.Log().Error("a listening socket can't be served: {}", std::generic_category().message(errno));
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
  STrouble trouble;
  const bool mayMoreWait = TakeBatch(source, trouble);
  const bool isWatched = source.End(m_epoll, key);
  if (!isWatched && trouble.kind == STrouble::EKind::kNone) trouble = {STrouble::EKind::kUnwatched, errno};
  if (trouble.kind != STrouble::EKind::kNone) Rest(now, trouble);
  return mayMoreWait;
}

bool CAcceptor::TakeBatch(CAcceptStrategy& source, STrouble& trouble) {
  SNewcomer newcomer;
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    if (!m_pool.HasFree()) {
      trouble = {STrouble::EKind::kNoSlot};
      return false;
    }
    if (!source.Next(newcomer)) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      if (IsOutOfResources(errno)) {
        trouble = {STrouble::EKind::kSystem, errno};
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

std::string CAcceptor::STrouble::ToString() const {
  if (kind == EKind::kNoSlot) return "all connection slots are in use (pool.max_connections)";
  return (kind == EKind::kUnwatched ? "a listener can't be watched: " : "") + std::generic_category().message(error);
}

void CAcceptor::Rest(MonotonicTime now, const STrouble& why) {
  m_tally.Add(ECounter::kAcceptPauses);
  m_log.Write(
      ELogLevel::kWarn,
      {CLimitedLog::SSubject::EKind::kAcceptRests, static_cast<uint16_t>(why.kind), static_cast<uint32_t>(why.error)},
      [&] { return "accepting rests: " + why.ToString(); });
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
    Rest(now, {STrouble::EKind::kUnwatched, errno});
    return;
  }
}

void CAcceptor::Stop(bool isServersEnd) {
  for (const auto& p_source : m_sources) {
    STrouble trouble;  // of which there will be no more
    if (isServersEnd && p_source->IsOwed()) TakeBatch(*p_source, trouble);
    p_source->Close(m_epoll);
  }
  m_sources.clear();
  m_isStopped = true;
  m_retryAt.reset();
}

}  // namespace switchboard
