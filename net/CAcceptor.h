#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "misc/CClock.h"
#include "misc/CFd.h"
#include "misc/CLog.h"
#include "misc/CTally.h"
#include "net/CConnection.h"
#include "net/CConnectionPool.h"
#include "net/CEpoll.h"
#include "net/Notes.h"

namespace switchboard {

// A listening socket and the index of its [[listener]] in the configuration.
struct SListenerSocket {
  CFd fd;
  uint32_t listener = 0;
};

// Accepts new peers, and rests when descriptors or connection slots have run out.
// Threads: sb-io.
class CAcceptor {
 public:
  using Adopt = std::function<void(CFd, const SPeer&, uint32_t listener)>;

  // `firstKey`, `firstKey` + 1, … are the epoll keys of the listeners. `adopt` gets every accepted socket,
  // and the index of its [[listener]].
  CAcceptor(std::vector<SListenerSocket> listeners, uint64_t firstKey, CEpoll& epoll, CConnectionPool& pool,
            SInboxes& inboxes, CLog& log, const CTally& tally, Adopt adopt);

  // Begins to accept. Throws std::system_error.
  void Start();
  // Accepts on one more socket. Nothing to do once stopped: whoever else holds the socket serves it.
  void Add(SListenerSocket listener);
  // Accepts what waits on the listener with this key, up to a bounded number. Returns whether more may wait.
  bool Accept(uint64_t key, MonotonicTime now);
  // Accepts all that waits on all listeners, as far as there are slots: before Stop, when nobody else serves them.
  void AcceptAll(MonotonicTime now);
  // Ends a rest: something has become free, or it's time for another try.
  void Resume();
  // When a resting acceptor tries again.
  std::optional<MonotonicTime> RetryAt() const { return m_retryAt; }
  // For good: closes the listeners.
  void Stop();

 private:
  void Rest(MonotonicTime now, const char* p_why);
  void Arm(uint32_t events);

  std::vector<SListenerSocket> m_listeners;
  const uint64_t m_firstKey;
  CEpoll& m_epoll;
  CConnectionPool& m_pool;
  SInboxes& m_inboxes;
  CLog& m_log;
  const CTally m_tally;
  const Adopt m_adopt;
  CLogLimit m_restLimit;
  bool m_isStopped = false;
  std::optional<MonotonicTime> m_retryAt;
};

}  // namespace switchboard
