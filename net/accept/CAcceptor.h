#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "misc/CLimitedLog.h"
#include "misc/count/CTally.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"
#include "net/accept/CAcceptLock.h"
#include "net/accept/CAcceptStrategy.h"
#include "net/conn/CConnection.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CEpoll.h"
#include "net/conn/Notes.h"
#include "net/wire/Counters.h"

namespace switchboard {

// A listening socket and the index of its [[listener]] in the configuration.
struct SListenerSocket {
  CFd fd;
  uint32_t listener = 0;
  std::shared_ptr<CAcceptLock> p_lock = nullptr;  // of a socket that the workers share (accept = "mutex")
};

// Accepts new peers, and rests when descriptors or connection slots have run out.
// Threads: sb-io.
class CAcceptor {
 public:
  using Adopt = std::function<void(CFd, const SPeer&, uint32_t listener)>;

  // `firstKey`, `firstKey` + 1, … are the epoll keys of the listeners. `adopt` gets every accepted socket,
  // and the index of its [[listener]].
  CAcceptor(std::vector<SListenerSocket> listeners, uint64_t firstKey, CEpoll& epoll, CConnectionPool& pool,
            SInboxes& inboxes, CLimitedLog& log, const CTally& tally, Adopt adopt);

  // Begins to accept. Throws std::system_error.
  void Start();
  // Accepts on one more socket. Nothing to do once stopped: whoever else holds the socket serves it.
  void Add(SListenerSocket listener);
  void Add(std::unique_ptr<CAcceptStrategy> p_source);
  // Accepts what waits on the listener with this key, up to a bounded number. Returns whether more may wait.
  bool Accept(uint64_t key, MonotonicTime now);
  // Accepts all that waits on all listeners, as far as there are slots: before Stop, when nobody else serves them.
  void AcceptAll(MonotonicTime now);
  // Ends a rest: something has become free, or it's time for another try.
  void Resume(MonotonicTime now);
  // When a resting acceptor tries again.
  std::optional<MonotonicTime> RetryAt() const { return m_retryAt; }
  // For good: closes the listeners. When the whole server stops gracefully, those whom this worker alone could serve
  // are accepted before.
  void Stop(bool isServersEnd);

 private:
  // Why accepting must rest, if it must.
  struct STrouble {
    enum class EKind : uint16_t { kNone, kNoSlot, kSystem, kUnwatched };
    EKind kind = EKind::kNone;
    int error = 0;  // an errno

    std::string ToString() const;
  };

  static std::unique_ptr<CAcceptStrategy> MakeSource(SListenerSocket listener);
  // One batch of a source. Returns whether more may wait.
  bool TakeBatch(CAcceptStrategy& source, STrouble& trouble);
  void Rest(MonotonicTime now, const STrouble& why);

  std::vector<std::unique_ptr<CAcceptStrategy>> m_sources;
  const uint64_t m_firstKey;
  CEpoll& m_epoll;
  CConnectionPool& m_pool;
  SInboxes& m_inboxes;
  CLimitedLog& m_log;
  const CTally m_tally;
  const Adopt m_adopt;
  bool m_isStopped = false;
  std::optional<MonotonicTime> m_retryAt;
};

}  // namespace switchboard
