#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "misc/CLimitedLog.h"
#include "misc/thread/CPreemption.h"
#include "misc/thread/CThread.h"
#include "net/config/CConfig.h"
#include "net/conn/CFlowControl.h"
#include "net/role/CProtocol.h"
#include "net/role/CRunQueue.h"
#include "net/role/CTurn.h"

namespace switchboard {

// The threads that run handlers: takes connections that have something to handle from run queues, and runs a turn on
// each. Pool 0 runs what isn't said to belong elsewhere, and all jobs; pool kBlocking has business.blocking_threads of
// less scheduling weight, for handlers that wait or compute for long; the others are the user's ([[pool.named]]). A
// connection is in one queue at a time, and a turn that meets a request of another pool goes on there.
// Threads: Push and PostJob by any, RoomFor and CountQueued by sb-io; the turns are sb-work-N's, sb-block-N's and
// sb-NAME-N's.
class CBusinessPool {
 public:
  static constexpr uint8_t kMain = 0;
  static constexpr uint8_t kBlocking = 1;

  CBusinessPool(const SConfig& config, CLimitedLog& log, CSender& sender, CConnectionPool& connections,
                SInboxes& inboxes, const CFlowControl& flowControl, SWorkerPage& page);

  void Start();
  // Runs what is queued and joins the threads.
  void Stop();

  // Nothing is queued, and all threads wait. Threads: any.
  bool IsIdle() const;

  // Queues connections whose mailbox said so; wakes a thread if one sleeps.
  void Push(CRunList&& connections) { m_pools[kMain]->queue.Push(std::move(connections)); }
  void Push(CConnection& connection);
  // Runs a function of the logic on a business thread; once Stop was called it is dropped.
  void PostJob(SJob job) { m_pools[kMain]->queue.PostJob(std::move(job)); }
  // As PostJob; false when it was dropped, also because business.queue_jobs wait already.
  bool TryPostJob(std::function<void()> job) { return m_pools[kMain]->queue.TryPostJob(std::move(job)); }

  // The pool of this name, "" being the main one and "blocking" that of kBlocking. nullopt when there is none.
  std::optional<uint8_t> Find(std::string_view name) const;

  // What becomes of requests that come; for the others their connection must wait, for it is at its share.
  struct SRoom {
    uint32_t queued = 0;
    uint32_t refused = 0;  // all mailboxes together are full, and the connection has had its part of them
  };
  // For a connection that has `own` requests in its mailbox already. Nobody gets more than business.connection_packets;
  // and when business.queue_packets are queued, who has less than its part, which is the same for all who have any,
  // gets that: so nobody can take it away from the others. Threads: sb-io.
  SRoom RoomFor(uint32_t own, uint32_t requests) const;
  // Whether that is room for all of them, as it mostly is. Threads: sb-io.
  bool HasRoomFor(uint32_t own, uint32_t requests) const {
    const uint64_t queued = static_cast<uint32_t>(m_queued.load(std::memory_order_relaxed));
    return (uint64_t{own} + requests <= m_share && queued + requests <= m_maxQueued) ||
           RoomFor(own, requests).queued == requests;
  }
  // Before requests are posted, of which `queued` weren't refused; `isFirst`: the connection had none. Threads: sb-io.
  void CountQueued(uint32_t queued, bool isFirst) { m_queued.fetch_add(Queued(queued, isFirst)); }

  const STurnLinks& Links() const { return m_links; }
  CPreemption& Preemption() { return m_preemption; }

 private:
  struct SPool {
    SPool(std::string poolName, uint32_t count, bool isOfLessWeight, uint32_t mostPosted)
        : name(std::move(poolName)), threads(count), isBackground(isOfLessWeight), queue(mostPosted) {}

    const std::string name;
    const uint32_t threads;
    const bool isBackground;  // of less weight for the scheduler
    CRunQueue queue;
  };

  // The word that m_queued is changed by.
  static constexpr uint64_t Queued(uint32_t requests, bool isConnection) {
    return (isConnection ? uint64_t{1} << 32 : 0) + requests;
  }
  void Add(std::string name, uint32_t threads, bool isBackground);
  // The body of a thread; `number` is that of its block of counters.
  void Run(uint8_t pool, uint32_t number);
  void RunJob(const SJob& job) const;
  void RunTurn(CTurn& turn, CConnection& connection);
  // Runs requests of a block, at most `quota`, which they use up; what is left over goes back to the mailbox.
  void RunBlock(CTurn& turn, CConnection& connection, BlockPtr p_block, uint32_t& quota);
  void EndConnection(CTurn& turn, CConnection& connection);
  // Puts the connection at the end of the queue of the pool that its turn goes on in.
  void Requeue(CConnection& connection, uint8_t from, uint8_t to);

  // constant after construction
  const uint32_t m_batch;
  const uint32_t m_maxQueued;
  const uint32_t m_share;
  const uint32_t m_maxJobs;
  CLimitedLog& m_log;
  SInboxes& m_inboxes;
  const CFlowControl& m_flowControl;
  SWorkerPage& m_page;
  const STurnLinks m_links;
  const std::vector<std::string> m_threadNames;  // by number
  std::vector<std::unique_ptr<SPool>> m_pools;

  CPreemption m_preemption;
  std::atomic<bool> m_isStopping{false};
  std::atomic<uint64_t> m_queued{0};  // requests in mailboxes below, the connections that have any above
  std::vector<CThread> m_threads;
};

}  // namespace switchboard
