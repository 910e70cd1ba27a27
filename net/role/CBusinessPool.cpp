#include "net/role/CBusinessPool.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "misc/thread/CallUser.h"
#include "net/config/BusinessThreads.h"

namespace switchboard {

CBusinessPool::CBusinessPool(const SConfig& config, CLimitedLog& log, CSender& sender, CConnectionPool& connections,
                             SInboxes& inboxes, const CFlowControl& flowControl, SWorkerPage& page)
    : m_batch(config.business.batch),
      m_maxQueued(config.business.queue_packets),
      m_share(config.business.connection_packets),
      m_maxJobs(config.business.queue_jobs),
      m_log(log),
      m_inboxes(inboxes),
      m_flowControl(flowControl),
      m_page(page),
      m_links{inboxes, connections, sender, *this, page},
      m_threadNames(BusinessThreads(config)) {
  Add("work", config.business.threads, false);
  // A process pool runs everything on one thread.
  const bool isThreaded = config.business.mode == EBusinessMode::kThreads;
  Add("block", isThreaded ? config.business.blocking_threads : 0, true);
  for (const SNamedPoolConfig& named : config.pool.named) Add(named.name, isThreaded ? named.threads : 0, false);
}

void CBusinessPool::Add(std::string name, uint32_t threads, bool isBackground) {
  m_pools.push_back(std::make_unique<SPool>(std::move(name), threads, isBackground, m_maxJobs));
}

void CBusinessPool::Start() {
  uint32_t number = 0;
  for (size_t pool = 0; pool < m_pools.size(); ++pool) {
    for (uint32_t i = 0; i < m_pools[pool]->threads; ++i, ++number) {
      m_threads.emplace_back(m_threadNames[number], [this, pool, number] { Run(static_cast<uint8_t>(pool), number); });
    }
  }
}

void CBusinessPool::Stop() {
  m_isStopping.store(true, std::memory_order_relaxed);
  for (const auto& p_pool : m_pools) p_pool->queue.Stop();
  m_threads.clear();
}

bool CBusinessPool::IsIdle() const {
  return std::all_of(m_pools.begin(), m_pools.end(),
                     [](const auto& p_pool) { return p_pool->queue.IsIdle(p_pool->threads); });
}

void CBusinessPool::Push(CConnection& connection) {
  CRunList one;
  one.PushBack(connection);
  Push(std::move(one));
}

std::optional<uint8_t> CBusinessPool::Find(std::string_view name) const {
  if (name.empty()) return kMain;
  for (size_t pool = kBlocking; pool < m_pools.size(); ++pool) {
    const SPool& candidate = *m_pools[pool];
    const bool isMeant = pool == kBlocking ? name == "blocking" : candidate.name == name;
    if (isMeant) return candidate.threads > 0 ? static_cast<uint8_t>(pool) : kMain;
  }
  return std::nullopt;
}

CBusinessPool::SRoom CBusinessPool::RoomFor(uint32_t own, uint32_t requests) const {
  const uint32_t mine = std::min(requests, m_share - std::min(own, m_share));
  const uint64_t all = m_queued.load(std::memory_order_relaxed);
  const auto queued = static_cast<uint32_t>(all);
  const auto connections = static_cast<uint32_t>(all >> 32) + (own == 0 ? 1 : 0);
  const uint32_t part = m_maxQueued / std::max(connections, uint32_t{1});
  const uint32_t room = std::max(m_maxQueued - std::min(queued, m_maxQueued), part - std::min(own, part));
  SRoom result;
  result.queued = std::min(mine, room);
  result.refused = mine - result.queued;
  return result;
}

void CBusinessPool::Run(uint8_t pool, uint32_t number) {
  SPool& own = *m_pools[pool];
  if (own.isBackground) CPreemption::TakeLessWeight();
  CPreemption::CFollower follower(m_preemption);
  CTurn turn(m_links, CTally::Own(m_page.work[number]), m_page.workTrace[number], pool);
  CTrace& trace = turn.Trace();
  for (;;) {
    SJob job;
    trace.End();
    CConnection* p_connection = own.queue.Next(job);
    trace.Begin();
    if (!own.isBackground) follower.Follow();
    if (job) {
      const CTrace::CMark mark(trace, job.code);
      RunJob(job);
      job.run = nullptr;  // what it owns dies here as well
    } else if (p_connection != nullptr) {
      if (own.isBackground) m_preemption.Begin();
      RunTurn(turn, *p_connection);
      if (own.isBackground) m_preemption.End();
    } else {
      return;
    }
  }
}

void CBusinessPool::RunJob(const SJob& job) const {
  CallUser([&] { job.run(); },
           [&](std::string_view what) {
             m_log.Write(ELogLevel::kError, {CLimitedLog::SSubject::EKind::kJobThrew},
                         [&] { return fmt::format("a timer or a posted function threw {}", what); });
           });
}

void CBusinessPool::RunTurn(CTurn& turn, CConnection& connection) {
  uint32_t quota = m_batch;
  if (m_isStopping.load(std::memory_order_relaxed)) turn.Stay();
  turn.Begin(connection);
  // Bytes in the mailbox tell of a further block; the opening and the end have none, and turn up when the turn is left.
  do {
    CMailbox::SPiece piece = connection.mailbox.Take();
    if (piece.isOpening) {
      connection.Protocol().OnOpening(turn);
    } else if (piece.isEnd) {
      EndConnection(turn, connection);
      return;
    } else if (piece.p_block != nullptr) {
      RunBlock(turn, connection, std::move(piece.p_block), quota);
    } else {
      m_flowControl.Relieve(connection);  // a deferred answer may have come, and what it kept be gone
      break;
    }
  } while (quota > 0 && !turn.HasToStop() && connection.mailbox.Bytes() > 0);
  const CSession session = turn.Session();
  const bool isHeld = turn.IsHeld();
  const uint8_t next = turn.NextPool();
  turn.End();
  if (isHeld) {
    // The answer may have come already; then, as after the end of the quota, it's the others' turn.
    if (connection.mailbox.Block()) Push(connection);
    return;
  }
  switch (connection.mailbox.Leave()) {
    case CMailbox::ELeft::kMore:
      Requeue(connection, turn.Pool(), next);
      break;
    case CMailbox::ELeft::kReadAwaits:
      m_inboxes.io.Post(io_note::SResumeRead{session});
      break;
    case CMailbox::ELeft::kIdle:
      break;
  }
}

void CBusinessPool::Requeue(CConnection& connection, uint8_t from, uint8_t to) {
  // While all stops, the threads of the other pool may have gone.
  if (from == to || !m_pools[to]->queue.TryPush(connection)) m_pools[from]->queue.Requeue(connection);
}

void CBusinessPool::RunBlock(CTurn& turn, CConnection& connection, BlockPtr p_block, uint32_t& quota) {
  const size_t memory = p_block->Memory();
  const bool isRefused = p_block->IsMarked();
  const uint32_t quotaBefore = quota;
  connection.Protocol().Run(turn, p_block, quota);
  const bool isOver = p_block == nullptr || p_block->Unused().empty();
  const uint32_t ended = quotaBefore - quota;
  // A block that a deferred request keeps is on the account as long as that.
  const bool isGone = isOver && p_block != nullptr;
  const bool isLast = connection.mailbox.Done(isGone ? memory : 0, ended);
  m_queued.fetch_sub(Queued(isRefused ? 0 : ended, isLast && ended > 0), std::memory_order_relaxed);
  // What it takes is free before the connection is read again.
  if (isOver) p_block.reset();
  m_flowControl.Relieve(connection);
  if (!isOver) connection.mailbox.PutBack(std::move(p_block));
}

void CBusinessPool::EndConnection(CTurn& turn, CConnection& connection) {
  {
    const CTrace::CMark mark(turn.Trace(), EUserCode::kOnDisconnect);
    connection.Protocol().OnEnd(turn);
    connection.turn.p_state.reset();
  }
  const CSession session = turn.Session();
  turn.End();
  // From here on the slot may begin its next life.
  m_inboxes.TellRecycler(recycle_note::SHandlingDone{session});
}

}  // namespace switchboard
