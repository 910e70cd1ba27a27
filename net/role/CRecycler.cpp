#include "net/role/CRecycler.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "net/conn/CTransport.h"
#include "net/role/CProtocol.h"

namespace switchboard {

namespace {

// What a peer leaves in the kernel's queue at an orderly close, the kernel would try to send for a quarter of an hour.
constexpr unsigned int kUnsentPatienceMs = 10000;

std::vector<bool> Dispatched(const SConfig& config) {
  std::vector<bool> isDispatched;
  for (const SListenerConfig& listener : config.listeners) {
    isDispatched.push_back(listener.accept == EAcceptMode::kDispatch);
  }
  return isDispatched;
}

// Whether the peer has done what it must not; the other ends are everyday life, some of them of slow networks.
bool IsAgainstPeer(ECloseReason reason) {
  switch (reason) {
    case ECloseReason::kBadLength:
    case ECloseReason::kBadCrc:
    case ECloseReason::kPacketTimeout:
    case ECloseReason::kFlood:
    case ECloseReason::kSendQueueOverflow:
    case ECloseReason::kBadRequest:
      return true;
    default:
      return false;
  }
}

}  // namespace

CRecycler::CRecycler(const SConfig& config, const CClock& clock, CConnectionPool& pool, SInboxes& inboxes,
                     SWorkerPage& page, CLimitedLog& log, CWakeup* p_masterBell)
    : m_flushTimeout(config.server.shutdown_timeout),
      m_coolDown(config.recycle.delay),
      m_clock(clock),
      m_pool(pool),
      m_inboxes(inboxes),
      m_counters(page.recycle),
      m_log(log),
      m_handOver(page.handOver),
      m_p_masterBell(p_masterBell),
      m_isDispatched(Dispatched(config)),
      m_trace(page.recycleTrace) {}

void CRecycler::Start() {
  m_thread = CThread("sb-recycle", [this] { Run(); });
}

void CRecycler::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_inboxes.TellRecycler(recycle_note::SQuit{});
  m_thread.Join();
}

CRecycler::EWait CRecycler::WaitUntilIdle(MonotonicTime deadline) {
  m_inboxes.TellRecycler(recycle_note::STellWhenIdle{});
  CMutexLock lock(m_mutex);
  bool isInTime = true;
  while (!m_isIdle && !m_isInterrupted && isInTime) {
    isInTime = m_idle.WaitUntil(m_mutex, m_clock.OfSystem(deadline));
  }
  if (m_isIdle) return EWait::kIdle;
  return std::exchange(m_isInterrupted, false) ? EWait::kInterrupted : EWait::kTimeout;
}

void CRecycler::Interrupt() {
  {
    CMutexLock lock(m_mutex);
    m_isInterrupted = true;
  }
  m_idle.NotifyAll();
}

void CRecycler::Run() {
  std::vector<RecycleNote> notes;
  while (!m_isQuitting) {
    WaitForNotes(notes);
    for (const RecycleNote& note : notes) Handle(note);
    const MonotonicTime now = m_clock.Now();
    AbortOverdue(now);
    ReleaseCooled(now);
    TellMasterOfRoom();
    TellIfIdle();
  }
}

void CRecycler::Handle(const RecycleNote& note) {
  std::visit(SOverloads{
                 [&](const recycle_note::STellWhenIdle&) { m_isToldWhenIdle = true; },
                 [&](const recycle_note::SQuit&) { m_isQuitting = true; },
                 [&](const recycle_note::SLookAtClock&) {},  // as after each note
                 [&](const recycle_note::SPhaseMoved& moved) { ConsiderIfOpen(Find(moved.session)); },
                 [&](const recycle_note::SWriteHalfFree& freed) { ConsiderIfOpen(Find(freed.session)); },
                 [&](const recycle_note::SReadHalfDone& done) {
                   CConnection* p_connection = Find(done.session);
                   if (p_connection != nullptr) p_connection->recycling.isReadHalfDone = true;
                   ConsiderIfOpen(p_connection);
                 },
                 [&](const recycle_note::SHandlingDone& done) {
                   CConnection* p_connection = Find(done.session);
                   if (p_connection == nullptr) return;
                   p_connection->recycling.isHandlingDone = true;
                   const bool isClosed = p_connection->Phase() == EPhase::kClosed;
                   if (isClosed && !p_connection->recycling.isLingering) CoolDown(done.session);
                   ConsiderIfOpen(p_connection);
                 },
                 [&](const recycle_note::SLingerDone& done) {
                   CConnection* p_connection = Find(done.session);
                   if (p_connection != nullptr) LetGo(*p_connection);
                 },
             },
             note);
}

CConnection* CRecycler::Find(const CSession& session) {
  CConnection& connection = m_pool.At(session.Slot());
  return connection.Generation() == session.Generation() ? &connection : nullptr;
}

void CRecycler::ConsiderIfOpen(CConnection* p_connection) {
  if (p_connection != nullptr && p_connection->Phase() != EPhase::kClosed) Consider(*p_connection);
}

void CRecycler::Consider(CConnection& connection) {
  if (!connection.recycling.isReadHalfDone) return;
  const EPhase phase = connection.Phase();
  if (phase == EPhase::kDraining && !connection.recycling.isHandlingDone) return;
  if (phase != EPhase::kAborting && !IsFlushed(connection)) return;
  if (!connection.outbox.Close()) {
    // Whoever owns the write half says so when it lets go; sb-send may be waiting for the peer, or sb-file, and is
    // told.
    m_inboxes.send.Post(send_note::SServe{connection.Session()});
    return;
  }
  CloseSocket(connection);
}

// True when nothing is left to send; else the time for it starts to run.
bool CRecycler::IsFlushed(CConnection& connection) {
  if (connection.outbox.IsDrained()) return true;
  if (!connection.recycling.isFlushTimed) {
    connection.recycling.isFlushTimed = true;
    connection.recycling.takenAtFlushLook = connection.TakenBytes();
    m_flushing.push_back({m_clock.Now() + m_flushTimeout, connection.Session()});
  }
  return false;
}

void CRecycler::LogClose(const CConnection& connection) {
  const ECloseReason reason = connection.Reason();
  m_log.Write(IsAgainstPeer(reason) ? ELogLevel::kWarn : ELogLevel::kDebug,
              {CLimitedLog::SSubject::EKind::kClose, static_cast<uint16_t>(reason)}, [&] {
                const CSession session = connection.Session();
                return fmt::format("{} of {} is closed: {}", session.ToString(),
                                   connection.Peer(session.Generation()).value_or(SPeer{}).ToString(),
                                   ToString(reason));
              });
}

void CRecycler::CloseSocket(CConnection& connection) {
  const CSession session = connection.Session();
  const int socket = connection.fd.Get();
  SRecycling& recycling = connection.recycling;
  if (connection.Phase() == EPhase::kAborting) {
    CTransport::ResetIfUnsent(socket);
  } else {
    recycling.isLingering = CTransport::DropInput(socket) || IsToLinger(connection);
    // The peer hears of the end now, and not when the master has let go of its duplicate.
    if (recycling.isLingering || m_isDispatched[connection.Listener()]) CTransport::EndWriting(socket);
    CTransport::GiveUpAfter(socket, kUnsentPatienceMs);
  }
  m_counters.Add(CounterOf(connection.Reason()));
  LogClose(connection);
  connection.MoveTo(EPhase::kClosed, connection.Reason(), session.Generation());
  m_pool.CountClosed();
  if (recycling.isLingering) {
    m_inboxes.io.Post(io_note::SLinger{session});
  } else {
    LetGo(connection);
  }
}

bool CRecycler::IsToLinger(const CConnection& connection) {
  const ECloseReason reason = connection.Reason();
  // Whoever has too much unsent doesn't read anyway.
  return IsAgainstPeer(reason) && reason != ECloseReason::kSendQueueOverflow;
}

void CRecycler::LetGo(CConnection& connection) {
  connection.recycling.isLingering = false;
  connection.fd.Reset();
  if (connection.recycling.isHandlingDone) CoolDown(connection.Session());
  if (m_inboxes.isAcceptResting.exchange(false)) m_inboxes.io.Post(io_note::SResumeAccept{});
}

void CRecycler::AbortOverdue(MonotonicTime now) {
  while (!m_flushing.empty() && m_flushing.front().at <= now) {
    const CSession session = m_flushing.front().session;
    m_flushing.pop_front();
    CConnection* p_connection = m_pool.Find(session);
    if (p_connection == nullptr) continue;
    // What is sent may be long: it has time as long as the peer takes it, and sb-heart sees to the rate.
    const uint64_t taken = p_connection->TakenBytes();
    if (p_connection->Protocol().IdleRule().flushesWhileTaken &&
        std::exchange(p_connection->recycling.takenAtFlushLook, taken) != taken &&
        p_connection->Phase() != EPhase::kAborting) {
      m_flushing.push_back({now + m_flushTimeout, session});
      continue;
    }
    p_connection->MoveTo(EPhase::kAborting, p_connection->Reason(), session.Generation());
    m_inboxes.io.Post(io_note::SPhaseMoved{session});
    Consider(*p_connection);
  }
}

void CRecycler::CoolDown(const CSession& session) {
  m_cooling.push_back({m_clock.Now() + m_coolDown, session});
  m_handOver.slotsCooling.store(m_cooling.size(), std::memory_order_release);
  m_hasMadeRoom = true;
}

void CRecycler::ReleaseCooled(MonotonicTime now) {
  bool isReleased = false;
  while (!m_cooling.empty() && m_cooling.front().at <= now) {
    const uint32_t slot = m_cooling.front().session.Slot();
    m_cooling.pop_front();
    // Before the slot is released: the master may take a free slot for a busy one, and not the other way round.
    m_handOver.slotsCooling.store(m_cooling.size(), std::memory_order_release);
    m_pool.Release(m_pool.At(slot));
    isReleased = true;
    m_hasMadeRoom = true;
  }
  if (isReleased && m_inboxes.isAcceptResting.exchange(false)) m_inboxes.io.Post(io_note::SResumeAccept{});
}

// By an exchange on both sides, either the master's next look at the page finds the room, or this finds its wish.
void CRecycler::TellMasterOfRoom() {
  if (m_p_masterBell == nullptr || !std::exchange(m_hasMadeRoom, false)) return;
  if (m_handOver.isRoomWanted.exchange(false)) m_p_masterBell->Signal();
}

void CRecycler::TellIfIdle() {
  if (!m_isToldWhenIdle || m_pool.Lent() != m_cooling.size()) return;
  CMutexLock lock(m_mutex);
  m_isIdle = true;
  m_idle.NotifyAll();
}

void CRecycler::WaitForNotes(std::vector<RecycleNote>& notes) {
  std::optional<MonotonicTime> next;
  if (!m_flushing.empty()) next = m_flushing.front().at;
  if (!m_cooling.empty()) next = next ? std::min(*next, m_cooling.front().at) : m_cooling.front().at;
  m_trace.End();
  if (next) {
    m_inboxes.recycle.PopAll(notes, m_clock.OfSystem(*next));
  } else {
    m_inboxes.recycle.PopAll(notes);
  }
  m_trace.Begin();
}

}  // namespace switchboard
