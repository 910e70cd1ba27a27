#pragma once

#include <cstdint>
#include <optional>

#include "misc/count/CTally.h"
#include "misc/count/CTrace.h"
#include "misc/thread/CThread.h"
#include "net/conn/CCloser.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CEpoll.h"
#include "net/conn/CFlowControl.h"
#include "net/conn/Notes.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Writes to peers what could not go at once. There are two: sb-send, which waits for no disk, and passes a connection
// on when a part of a file is next; and sb-file, which sends that, and what comes behind it until nothing is queued.
// Threads: the worker's main thread; the loop itself is the thread's own.
class CSendLoop {
 public:
  enum class EKind : uint8_t { kSend, kFile };

  CSendLoop(EKind kind, CConnectionPool& pool, SInboxes& inboxes, const CFlowControl& flowControl, SWorkerPage& page);

  // Throws std::system_error.
  void Start();
  // Lets it finish its inbox and joins it.
  void Stop();
  // It was told nothing that it hasn't done, but for what peers don't take. Threads: any.
  bool IsIdle() const { return m_inbox.IsAsleep() && !m_epoll.HasEvents(); }

 private:
  void Run();
  void Handle(const SendNote& note);
  void Serve(CConnection& connection, const CSession& session);
  bool IsMine(const CConnection& connection) const;
  // One writev or sendfile; false when the socket takes no more now, and the loop is told when it does.
  bool WriteSome(CConnection& connection, const CSession& session);
  void AwaitWritable(CConnection& connection, const CSession& session);

  // constant after construction
  const EKind m_kind;
  CConnectionPool& m_pool;
  SInboxes& m_inboxes;
  CInbox<SendNote>& m_inbox;  // its own of those
  const CFlowControl& m_flowControl;
  CCloser m_closer;
  const CTally m_tally;

  // the loop's
  bool m_isQuitting = false;
  std::optional<CTrace> m_trace;  // none where a disk may be waited for: that is no reason to end a worker
  CEpoll m_epoll;
  CThread m_thread;
};

}  // namespace switchboard
