#include "net/network/CIoLoop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>

#include "misc/thread/CContinuation.h"

namespace switchboard {

namespace {

constexpr size_t kEvents = 512;
// In a row, before the sockets are looked at.
constexpr uint32_t kRoundsOfNotes = 16;
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
      m_isFloodGuarded(parts.config.flood.enabled),
      m_preemption(parts.business.Preemption()),
      m_reading(parts.reading),
      m_trace(parts.reading.turn.Trace()),
      m_follower(m_preemption),
      m_receiver(parts, m_epoll),
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
  PostAndWait(io_note::SAddListener{});
}

void CIoLoop::SayFarewell(const SFarewell& farewell) { PostAndWait(io_note::SSayFarewell{farewell}); }

void CIoLoop::AcceptAll() { PostAndWait(io_note::SAcceptAll{}); }

void CIoLoop::ReopenLogs() { m_inboxes.io.Post(io_note::SReopenLogs{}); }

void CIoLoop::StopAccepting(bool isServersEnd) { PostAndWait(io_note::SStopAccept{isServersEnd}); }

void CIoLoop::StopReading(bool isGraceful) {
  PostAndWait(io_note::SDetachAll{isGraceful ? EPhase::kDraining : EPhase::kFlushing});
}

void CIoLoop::AbortAll() { PostAndWait(io_note::SDetachAll{EPhase::kAborting}); }

void CIoLoop::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_inboxes.io.Post(io_note::SQuit{});
  m_thread.Join();
}

void CIoLoop::PostAndWait(const IoNote& note) {
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
  std::vector<IoNote> notes;
  MonotonicTime now = m_clock.Now();
  for (uint32_t rounds = 0; !m_isQuitting; ++rounds) {
    TakeNotes(notes, now);
    m_receiver.HandleDeadlines(now);
    if (m_acceptor.RetryAt() && *m_acceptor.RetryAt() <= now) m_acceptor.Resume(now);
    m_receiver.FlushRunnable();
    m_receiver.FlushLogs();
    TellDone();  // by now what a note has made runnable is in the run queue
    m_trace.Step();
    // With notes that come all the time, the sockets get their turn all the same.
    if (!notes.empty() && rounds % kRoundsOfNotes != 0) continue;
    const std::optional<MonotonicTime> deadline = notes.empty() ? NextDeadline() : now;
    const std::span<epoll_event> ready = Wait(events, deadline, now);
    for (const epoll_event& event : ready) HandleEvent(event, now);
  }
}

std::span<epoll_event> CIoLoop::Wait(std::span<epoll_event> events, std::optional<MonotonicTime> deadline,
                                     MonotonicTime& now) {
  if (m_isFloodGuarded) m_stalls.BeginWait(m_clock.Now());
  m_trace.End();
  const std::span<epoll_event> ready = m_epoll.Wait(events, deadline, now);
  m_trace.Begin();
  m_preemption.Look();
  m_follower.Follow();
  m_page.io.Add(ECounter::kIoWakeups);
  now = m_clock.Now();
  if (m_isFloodGuarded) m_reading.lag = m_stalls.EndWait(now, deadline, [] { return CContinuation::Take(); });
  return ready;
}

void CIoLoop::TakeNotes(std::vector<IoNote>& notes, MonotonicTime now) {
  m_inboxes.io.Take(notes);
  for (const IoNote& note : notes) Handle(note, now);
}

void CIoLoop::Handle(const IoNote& note, MonotonicTime now) {
  // True: somebody waits until it's done.
  m_isDoneDue |= std::visit(
      SOverloads{
          [&](const io_note::SPhaseMoved& moved) { return m_receiver.OnPhaseMoved(moved.session), false; },
          [&](const io_note::SResumeRead& resume) { return m_receiver.Resume(resume.session, now), false; },
          [&](const io_note::SLookAtSilent& look) { return m_receiver.LookAtSilent(look.session, now), false; },
          [&](const io_note::SWatchSending& watch) { return m_receiver.WatchSending(watch.session, now), false; },
          [&](const io_note::SLinger& linger) { return m_receiver.Linger(linger.session, now), false; },
          [&](const io_note::SMakeRoom&) { return m_receiver.MakeRoom(), false; },
          [&](const io_note::SResumeAccept&) { return m_acceptor.Resume(now), false; },
          [&](const io_note::SReopenLogs&) { return m_receiver.ReopenLogs(), false; },
          [&](const io_note::SLookAtClock&) { return false; },
          [&](const io_note::SQuit&) { return m_isQuitting = true, false; },
          [&](const io_note::SAcceptAll&) { return m_acceptor.AcceptAll(now), true; },
          [&](const io_note::SStopAccept& stop) { return m_acceptor.Stop(stop.isServersEnd), true; },
          [&](const io_note::SAddListener&) { return AdoptListeners(), true; },
          [&](const io_note::SSayFarewell& say) { return m_receiver.SayFarewell(say.farewell, now), true; },
          [&](const io_note::SDetachAll& detach) { return m_receiver.DetachAll(detach.phase), true; }},
      note);
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
