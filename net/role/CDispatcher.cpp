#include "net/role/CDispatcher.h"

#include <exception>
#include <utility>

namespace switchboard {

void CRunList::PushBack(CConnection& connection) {
  connection.p_runNext = nullptr;
  (m_p_last != nullptr ? m_p_last->p_runNext : m_p_first) = &connection;
  m_p_last = &connection;
}

CConnection* CRunList::PopFront() {
  CConnection* p_connection = m_p_first;
  if (p_connection != nullptr) {
    m_p_first = std::exchange(p_connection->p_runNext, nullptr);
    if (m_p_first == nullptr) m_p_last = nullptr;
  }
  return p_connection;
}

void CRunList::Splice(CRunList&& other) {
  if (other.IsEmpty()) return;
  (m_p_last != nullptr ? m_p_last->p_runNext : m_p_first) = other.m_p_first;
  m_p_last = other.m_p_last;
  other.m_p_first = other.m_p_last = nullptr;
}

CDispatcher::CDispatcher(const SConfig& config, CLog& log, CHandlers& handlers, CSender& sender, SInboxes& inboxes,
                         const CFlowControl& flowControl, SWorkerPage& page)
    : m_threadCount(config.business.threads),
      m_batch(config.business.batch),
      m_maxQueuedPackets(config.business.queue_packets),
      m_log(log),
      m_handlers(handlers),
      m_sender(sender),
      m_inboxes(inboxes),
      m_flowControl(flowControl),
      m_page(page) {}

void CDispatcher::Start() {
  m_threads.reserve(m_threadCount);
  for (uint32_t i = 0; i < m_threadCount; ++i) {
    m_threads.emplace_back("sb-work-" + std::to_string(i), [this, i] { Run(i); });
  }
}

void CDispatcher::Stop() {
  {
    CMutexLock lock(m_mutex);
    m_isStopping = true;
  }
  m_work.NotifyAll();
  m_threads.clear();
}

void CDispatcher::Push(CRunList&& connections) {
  if (connections.IsEmpty()) return;
  bool isWakeUpDue;
  {
    CMutexLock lock(m_mutex);
    m_queue.Splice(std::move(connections));
    isWakeUpDue = ClaimWakeUp();
  }
  if (isWakeUpDue) m_work.NotifyOne();
}

void CDispatcher::Push(CConnection& connection) {
  CRunList one;
  one.PushBack(connection);
  Push(std::move(one));
}

void CDispatcher::PostJob(Job job) {
  if (!job) return;
  bool isWakeUpDue;
  {
    CMutexLock lock(m_mutex);
    m_jobs.push_back(std::move(job));
    isWakeUpDue = ClaimWakeUp();
  }
  if (isWakeUpDue) m_work.NotifyOne();
}

void CDispatcher::CancelDeferral(CConnection& connection, const CSession& session, const CTally& tally) {
  if (!connection.mailbox.ClaimDeferral(session.Generation())) return;
  tally.Add(ECounter::kPacketsDiscarded);
  tally.Add(ECounter::kPacketsLeft);
  if (connection.mailbox.Unblock()) Push(connection);
}

// One thread at a time is on its way; when it comes and finds more than it can take, it wakes the next.
bool CDispatcher::ClaimWakeUp() {
  if (m_sleepers == 0 || m_isWaking) return false;
  return m_isWaking = true;
}

CConnection* CDispatcher::Next(Job& job) {
  CConnection* p_connection = nullptr;
  bool isWakeUpDue = false;
  {
    CMutexLock lock(m_mutex);
    while (m_queue.IsEmpty() && m_jobs.empty()) {
      if (m_isStopping) return nullptr;
      ++m_sleepers;
      m_work.Wait(m_mutex);
      --m_sleepers;
      m_isWaking = false;
    }
    if (!m_jobs.empty()) {
      job = std::move(m_jobs.front());
      m_jobs.pop_front();
    } else {
      p_connection = m_queue.PopFront();
    }
    if (!m_queue.IsEmpty() || !m_jobs.empty()) isWakeUpDue = ClaimWakeUp();
  }
  if (isWakeUpDue) m_work.NotifyOne();
  return p_connection;
}

void CDispatcher::Run(uint32_t thread) {
  CTrace trace(m_page.workTrace[thread]);
  CTurn turn(m_sender, m_inboxes, CTally::Own(m_page.work[thread]), trace);
  for (;;) {
    Job job;
    trace.End();
    CConnection* p_connection = Next(job);
    trace.Begin();
    if (job) {
      RunJob(job);
    } else if (p_connection != nullptr) {
      RunTurn(turn, *p_connection);
    } else {
      return;
    }
  }
}

void CDispatcher::RunJob(const Job& job) {
  try {
    job();
  } catch (const std::exception& error) {
    m_log.Error("a timer or a posted function threw: {}", error.what());
  } catch (...) {
    m_log.Error("a timer or a posted function threw something that is no std::exception");
  }
}

void CDispatcher::RunTurn(CTurn& turn, CConnection& connection) {
  uint32_t quota = m_batch;
  turn.Begin(connection);
  const CSession session = turn.Session();
  // Bytes in the mailbox tell of a further block; the opening and the end have none, and turn up when the turn is left.
  do {
    CMailbox::SPiece piece = connection.mailbox.Take();
    if (piece.isOpening) {
      m_handlers.OnOpening(turn);
    } else if (piece.isEnd) {
      EndConnection(turn, connection);
      return;
    } else if (piece.p_block != nullptr) {
      RunBlock(turn, connection, std::move(piece.p_block), quota);
    } else {
      break;
    }
    if (turn.IsDeferred()) {
      turn.End();
      LeaveDeferred(connection, session, turn.Tally());
      return;
    }
  } while (quota > 0 && !turn.IsYielding() && connection.mailbox.Bytes() > 0);
  const bool isHttp = connection.IsHttp();
  turn.End();
  if (connection.mailbox.Leave()) {
    Requeue(connection);
  } else if (isHttp && connection.isReadAwaitingTurn.exchange(false, std::memory_order_acq_rel)) {
    // To whose mark it was: without the turn, the slot may have begun its next life.
    m_inboxes.io.Post({EIoNote::kResumeRead, connection.Session()});
  }
}

void CDispatcher::Requeue(CConnection& connection) {
  CMutexLock lock(m_mutex);
  m_queue.PushBack(connection);
}

void CDispatcher::LeaveDeferred(CConnection& connection, const CSession& session, const CTally& tally) {
  // The answer may have come already; then, as after the end of the quota, it's the others' turn.
  if (connection.mailbox.Block()) {
    Push(connection);
  } else if (!connection.IsAnswering()) {
    // It was closed before it deferred, so nobody else has seen the deferral.
    CancelDeferral(connection, session, tally);
  }
}

void CDispatcher::RunBlock(CTurn& turn, CConnection& connection, BlockPtr p_block, uint32_t& quota) {
  const size_t bytes = p_block->Unused().size();
  if (connection.IsHttp()) {
    m_handlers.OnHttpRequest(turn, p_block->Unused());
    --quota;
    m_queuedPackets.fetch_sub(1, std::memory_order_relaxed);
    connection.mailbox.Done(static_cast<uint32_t>(bytes));
    m_flowControl.Relieve(connection);
    return;
  }
  const uint32_t quotaBefore = quota;
  while (!p_block->Unused().empty() && quota > 0 && !turn.IsDeferred() && !turn.IsYielding()) {
    const SFrame frame = SFrame::At(p_block->Unused().data());
    if (p_block->IsMarked()) {
      m_handlers.OnRefusedFrame(turn, frame);
    } else {
      m_handlers.OnFrame(turn, frame);
    }
    p_block->Consume(frame.Bytes());
    --quota;
  }
  m_queuedPackets.fetch_sub(quotaBefore - quota, std::memory_order_relaxed);
  connection.mailbox.Done(static_cast<uint32_t>(bytes - p_block->Unused().size()));
  m_flowControl.Relieve(connection);
  if (!p_block->Unused().empty()) connection.mailbox.PutBack(std::move(p_block));
}

void CDispatcher::EndConnection(CTurn& turn, CConnection& connection) {
  if (!connection.IsHttp()) m_handlers.OnEnd(turn);
  connection.p_userState.reset();
  const CSession session = turn.Session();
  turn.End();
  // From here on the slot may begin its next life.
  m_inboxes.TellRecycler({ERecycleNote::kHandlingDone, session});
}

}  // namespace switchboard
