#include "net/network/CIoLoop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace switchboard {

namespace {

constexpr size_t kEvents = 512;
// Keys under 2^32 are ours: sessions have a generation, from 1, in the upper half.
constexpr uint64_t kInboxKey = 0;
constexpr uint64_t kFirstListenerKey = 1;

}  // namespace

CIoLoop::CIoLoop(const SReceiverParts& parts, const CClock& clock, std::vector<SListenerSocket> listeners,
                 CWakeup* p_masterBell)
    : m_clock(clock),
      m_pool(parts.pool),
      m_inboxes(parts.inboxes),
      m_page(parts.page),
      m_p_masterBell(p_masterBell),
      m_trace(parts.page.ioTrace),
      m_receiver(parts, m_epoll, m_trace),
      m_acceptor(std::move(listeners), kFirstListenerKey, m_epoll, parts.pool, parts.inboxes, parts.log,
                 CTally::Own(parts.page.io), [this](CFd fd, const SPeer& peer, uint32_t listener) {
                   m_receiver.Adopt(std::move(fd), peer, listener, m_clock.Now());
                 }) {}

void CIoLoop::Start() {
  if (!m_epoll.Add(m_inboxes.io.Fd(), EPOLLIN, kInboxKey)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl on an eventfd");
  }
  m_acceptor.Start();
  if (m_p_masterBell != nullptr) {
    auto p_dispatched = std::make_unique<CDispatchAccept>(m_page.handOver, *m_p_masterBell);
    m_p_dispatched = p_dispatched.get();
    m_acceptor.Add(std::move(p_dispatched));
  }
  m_thread = CThread("sb-io", [this] { Run(); });
}

void CIoLoop::AddListener(SListenerSocket listener) {
  {
    CMutexLock lock(m_mutex);
    m_newListeners.push_back(std::move(listener));
  }
  PostAndWait({EIoNote::kAddListener});
}

void CIoLoop::SayGoAway(std::chrono::milliseconds drain, EGoAwayReason reason) {
  SIoNote note{EIoNote::kGoAway};
  note.drainMs = static_cast<uint32_t>(drain.count());
  note.goAwayReason = reason;
  PostAndWait(note);
}

void CIoLoop::AcceptAll() { PostAndWait({EIoNote::kAcceptAll}); }
void CIoLoop::ReopenLogs() { m_inboxes.io.Post({EIoNote::kReopenLogs}); }

void CIoLoop::StopAccepting(bool isServersEnd) {
  SIoNote note{EIoNote::kStopAccept};
  note.isServersEnd = isServersEnd;
  PostAndWait(note);
}

void CIoLoop::StopReading(bool isGraceful) {
  SIoNote note{EIoNote::kDetachAll};
  note.phase = isGraceful ? EPhase::kDraining : EPhase::kFlushing;
  PostAndWait(note);
}

void CIoLoop::AbortAll() {
  SIoNote note{EIoNote::kDetachAll};
  note.phase = EPhase::kAborting;
  PostAndWait(note);
}

void CIoLoop::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_inboxes.io.Post({EIoNote::kQuit});
  m_thread.Join();
}

void CIoLoop::PostAndWait(const SIoNote& note) {
  if (!m_thread.IsJoinable()) return;
  {
    CMutexLock lock(m_mutex);
    m_isDone = false;
  }
  m_inboxes.io.Post(note);
  CMutexLock lock(m_mutex);
  while (!m_isDone) m_done.Wait(m_mutex);
}

void CIoLoop::Run() {
  std::array<epoll_event, kEvents> events;
  std::vector<SIoNote> notes;
  MonotonicTime now = m_clock.Now();
  while (!m_isQuitting) {
    TakeNotes(notes, now);
    m_receiver.ExpirePartials(now);
    if (m_acceptor.RetryAt() && *m_acceptor.RetryAt() <= now) m_acceptor.Resume();
    m_receiver.FlushRunnable();
    m_receiver.FlushLogs();
    TellDone();  // by now what a note has made runnable is in the run queue
    if (!notes.empty()) continue;
    m_trace.End();
    const std::span<epoll_event> ready = m_epoll.Wait(events, NextDeadline(), now);
    m_trace.Begin();
    m_page.io.Add(ECounter::kIoWakeups);
    now = m_clock.Now();
    for (const epoll_event& event : ready) HandleEvent(event, now);
  }
}

void CIoLoop::TakeNotes(std::vector<SIoNote>& notes, MonotonicTime now) {
  m_inboxes.io.Take(notes);
  for (const SIoNote& note : notes) Handle(note, now);
}

void CIoLoop::Handle(const SIoNote& note, MonotonicTime now) {
  switch (note.kind) {
    case EIoNote::kDetach:
      m_receiver.Detach(note.session);
      return;
    case EIoNote::kResumeRead:
      m_receiver.Resume(note.session, now);
      return;
    case EIoNote::kResumeAccept:
      m_acceptor.Resume();
      return;
    case EIoNote::kReopenLogs:
      m_receiver.ReopenLogs();
      return;
    case EIoNote::kQuit:
      m_isQuitting = true;
      return;
    case EIoNote::kAcceptAll:
      m_acceptor.AcceptAll(now);
      break;
    case EIoNote::kStopAccept:
      m_acceptor.Stop(note.isServersEnd);
      break;
    case EIoNote::kAddListener:
      AdoptListeners();
      break;
    case EIoNote::kGoAway:
      m_receiver.SayGoAway(note.drainMs, note.goAwayReason, now);
      break;
    case EIoNote::kDetachAll:
      m_receiver.DetachAll(note.phase);
      break;
  }
  m_isDoneDue = true;
}

void CIoLoop::TellDone() {
  if (!std::exchange(m_isDoneDue, false)) return;
  {
    CMutexLock lock(m_mutex);
    m_isDone = true;
  }
  m_done.NotifyOne();
}

void CIoLoop::AdoptListeners() {
  std::vector<SListenerSocket> listeners;
  {
    CMutexLock lock(m_mutex);
    listeners.swap(m_newListeners);
  }
  for (SListenerSocket& listener : listeners) m_acceptor.Add(std::move(listener));
}

void CIoLoop::HandleEvent(const epoll_event& event, MonotonicTime now) {
  const uint64_t key = event.data.u64;
  if (key == kInboxKey) {
    m_inboxes.io.ClearSignal();
  } else if (key <= UINT32_MAX) {
    m_acceptor.Accept(key, now);
  } else {
    CConnection& connection = m_pool.At(static_cast<uint32_t>(key));
    if (connection.Generation() == key >> 32) m_receiver.OnEvent(connection, event.events, now);
  }
}

std::optional<MonotonicTime> CIoLoop::NextDeadline() const {
  const std::optional<MonotonicTime> partial = m_receiver.NextDeadline();
  const std::optional<MonotonicTime> retry = m_acceptor.RetryAt();
  if (partial && retry) return std::min(*partial, *retry);
  return partial ? partial : retry;
}

}  // namespace switchboard
