#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "misc/CLog.h"
#include "misc/CMutex.h"
#include "misc/CThread.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnection.h"
#include "net/conn/CFlowControl.h"
#include "net/role/CHandlers.h"
#include "net/role/CSender.h"
#include "net/role/CTurn.h"

namespace switchboard {

// Connections in a row, linked through their p_runNext.
class CRunList {
 public:
  bool IsEmpty() const { return m_p_first == nullptr; }
  void PushBack(CConnection& connection);
  CConnection* PopFront();
  void Splice(CRunList&& other);

 private:
  CConnection* m_p_first = nullptr;
  CConnection* m_p_last = nullptr;
};

// The business thread pool: takes connections that have something to handle from a FIFO run queue, and runs a turn on
// each. The queue holds a connection at most once, so pool.max_connections bounds it; jobs come before connections.
// Threads: Push and PostJob by any; the turns are sb-work-N's.
class CDispatcher {
 public:
  using Job = std::function<void()>;

  CDispatcher(const SConfig& config, CLog& log, CHandlers& handlers, CSender& sender, SInboxes& inboxes,
              const CFlowControl& flowControl, SWorkerPage& page);

  void Start();
  // Runs what is queued and joins the threads.
  void Stop();

  // Queues connections whose mailbox said so; wakes a thread if one sleeps.
  void Push(CRunList&& connections);
  void Push(CConnection& connection);
  // Runs a function of the logic on a business thread.
  void PostJob(Job job);

  // Ends a turn, of the pool or of sb-io, whose last packet was deferred.
  void LeaveDeferred(CConnection& connection, const CSession& session, const CTally& tally);
  // Gives up a deferral that nobody wants answered any more.
  void CancelDeferral(CConnection& connection, const CSession& session, const CTally& tally);

  // Packets in mailboxes, against business.queue_packets. Threads: any.
  bool HasRoomFor(uint32_t packets) const {
    return m_queuedPackets.load(std::memory_order_relaxed) + packets <= m_maxQueuedPackets;
  }
  void CountQueued(uint32_t packets) { m_queuedPackets.fetch_add(packets, std::memory_order_relaxed); }

 private:
  void Run(uint32_t thread);
  // The next connection, or (with `job` set) a job; nullptr and no job when the pool stops.
  CConnection* Next(Job& job);
  // True when the caller is to wake a thread, once it has let go of the lock.
  bool ClaimWakeUp() REQUIRES(m_mutex);
  void RunJob(const Job& job);
  void RunTurn(CTurn& turn, CConnection& connection);
  // Runs packets of a block, at most `quota`, which they use up; what is left over goes back to the mailbox. A block of
  // an HTTP connection is one request.
  void RunBlock(CTurn& turn, CConnection& connection, BlockPtr p_block, uint32_t& quota);
  void EndConnection(CTurn& turn, CConnection& connection);
  // Puts a connection at the end of the run queue. It wakes nobody: the caller is about to take the next one itself.
  void Requeue(CConnection& connection);

  // constant after construction
  const uint32_t m_threadCount;
  const uint32_t m_batch;
  const uint32_t m_maxQueuedPackets;
  CLog& m_log;
  CHandlers& m_handlers;
  CSender& m_sender;
  SInboxes& m_inboxes;
  const CFlowControl& m_flowControl;
  SWorkerPage& m_page;

  std::atomic<uint32_t> m_queuedPackets{0};

  CMutex m_mutex;
  CCondition m_work;
  CRunList m_queue GUARDED_BY(m_mutex);
  std::deque<Job> m_jobs GUARDED_BY(m_mutex);
  uint32_t m_sleepers GUARDED_BY(m_mutex) = 0;
  bool m_isWaking GUARDED_BY(m_mutex) = false;  // a thread was woken and hasn't come yet
  bool m_isStopping GUARDED_BY(m_mutex) = false;

  std::vector<CThread> m_threads;
};

}  // namespace switchboard
