#include "net/role/CSendLoop.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <variant>

#include "net/conn/CTransport.h"
#include "net/role/CProtocol.h"
#include "net/role/CSendQueue.h"

namespace switchboard {

namespace {

constexpr size_t kEvents = 256;
// What a connection may send in a row before the others get their turn.
constexpr uint64_t kBytesPerTurn = 4 * 1024 * 1024;
// In a row, before the sockets are looked at.
constexpr uint32_t kRoundsOfNotes = 16;
constexpr uint64_t kInboxKey = 0;  // no session has generation 0

}  // namespace

CSendLoop::CSendLoop(EKind kind, CConnectionPool& pool, SInboxes& inboxes, const CFlowControl& flowControl,
                     SWorkerPage& page)
    : m_kind(kind),
      m_pool(pool),
      m_inboxes(inboxes),
      m_inbox(kind == EKind::kFile ? inboxes.files : inboxes.send),
      m_flowControl(flowControl),
      m_closer(inboxes),
      m_tally(kind == EKind::kFile ? CTally::Shared(page.shared) : CTally::Own(page.send)) {
  if (kind == EKind::kSend) m_trace.emplace(page.sendTrace);
}

void CSendLoop::Start() {
  if (!m_epoll.Add(m_inbox.Fd(), EPOLLIN, kInboxKey)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl on an eventfd");
  }
  m_thread = CThread(m_kind == EKind::kFile ? "sb-file" : "sb-send", [this] { Run(); });
}

void CSendLoop::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_inbox.Post(send_note::SQuit{});
  m_thread.Join();
}

void CSendLoop::Run() {
  std::array<epoll_event, kEvents> events;
  std::vector<SendNote> notes;
  for (uint32_t rounds = 0;; ++rounds) {
    m_inbox.Take(notes);
    for (const SendNote& note : notes) Handle(note);
    if (m_isQuitting) return;
    if (m_trace) m_trace->Step();
    // With notes that come all the time, the sockets get their turn all the same.
    if (!notes.empty() && rounds % kRoundsOfNotes != 0) continue;
    const std::optional<MonotonicTime> deadline = notes.empty() ? std::nullopt : std::optional(MonotonicTime{});
    if (m_trace) m_trace->End();
    const std::span<epoll_event> ready = m_epoll.Wait(events, deadline, MonotonicTime{});
    if (m_trace) m_trace->Begin();
    for (const epoll_event& event : ready) {
      if (event.data.u64 == kInboxKey) {
        m_inbox.ClearSignal();
        continue;
      }
      CConnection& connection = m_pool.At(static_cast<uint32_t>(event.data.u64));
      const auto generation = static_cast<uint32_t>(event.data.u64 >> 32);
      Serve(connection, {connection.worker, connection.slot, generation});
    }
  }
}

void CSendLoop::Handle(const SendNote& note) {
  std::visit(SOverloads{[&](const send_note::SServe& serve) {
                          CConnection& connection = m_pool.At(serve.session.Slot());
                          // Who has closed it only knows that somebody sends.
                          if (m_kind == EKind::kSend && connection.outbox.IsFileSenders()) {
                            m_inboxes.files.Post(serve);
                          } else {
                            Serve(connection, serve.session);
                          }
                        },
                        [&](const send_note::SQuit&) { m_isQuitting = true; }},
             note);
}

void CSendLoop::Serve(CConnection& connection, const CSession& session) {
  // Late notes and events are told by the owner: only what was handed over is served.
  if (!IsMine(connection) || connection.Generation() != session.Generation()) return;
  CBlockQueue& sending = connection.write.sending;
  const uint64_t turnEnd = connection.SentBytes() + kBytesPerTurn;
  for (;;) {
    const bool isOpen = connection.outbox.TakeQueued(sending);
    if (!isOpen || connection.Phase() >= EPhase::kAborting) {
      CSendQueue::Drop(connection, UINT64_MAX);
    } else if (m_kind == EKind::kSend && CSendQueue::IsFilesTurn(connection)) {
      // From here on the connection is sb-file's.
      connection.outbox.PassToFiles();
      m_inboxes.files.Post(send_note::SServe{session});
      return;
    } else if (!sending.IsEmpty() && !WriteSome(connection, session)) {
      return;
    }
    if (sending.IsEmpty()) {
      connection.write.isWatched = false;
      const COutbox::EEnd end = connection.outbox.EndSending();
      if (end == COutbox::EEnd::kAwaited) m_inboxes.TellRecycler(recycle_note::SWriteHalfFree{session});
      if (end != COutbox::EEnd::kMore) return;
    }
    if (connection.SentBytes() >= turnEnd) {
      m_inbox.Post(send_note::SServe{session});
      return;
    }
  }
}

bool CSendLoop::IsMine(const CConnection& connection) const {
  return m_kind == EKind::kFile ? connection.outbox.IsFileSenders() : connection.outbox.IsSenders();
}

bool CSendLoop::WriteSome(CConnection& connection, const CSession& session) {
  const ssize_t n = CSendQueue::Send(connection);
  if (n < 0 && CTransport::IsTemporary(errno)) {
    AwaitWritable(connection, session);
    return false;
  }
  if (n <= 0) {
    m_closer.Close(connection, session.Generation(), EPhase::kAborting,
                   n < 0 ? ECloseReason::kPeerReset : ECloseReason::kFileChanged);
    CSendQueue::Drop(connection, UINT64_MAX);
    return true;
  }
  m_tally.Add(ECounter::kSends);
  m_tally.Add(ECounter::kBytesSent, static_cast<uint64_t>(n));
  connection.CountSent(static_cast<uint64_t>(n));
  CSendQueue::Drop(connection, static_cast<uint64_t>(n));
  m_flowControl.Relieve(connection);
  return true;
}

void CSendLoop::AwaitWritable(CConnection& connection, const CSession& session) {
  const uint64_t key = session.Key();
  bool& isInEpoll = m_kind == EKind::kFile ? connection.write.isInFileEpoll : connection.write.isInSendEpoll;
  const bool isArmed = isInEpoll ? m_epoll.Modify(connection.fd.Get(), EPOLLOUT | EPOLLONESHOT, key)
                                 : m_epoll.Add(connection.fd.Get(), EPOLLOUT | EPOLLONESHOT, key);
  isInEpoll = true;
  // Answers that came late have no read behind them that would notice.
  if (connection.Protocol().IdleRule().countsOnlyRest && !std::exchange(connection.write.isWatched, true)) {
    m_inboxes.io.Post(io_note::SWatchSending{session});
  }
  // Without an event the connection would hang: the kernel is out of memory, or the user out of watches.
  if (!isArmed) m_closer.Close(connection, session.Generation(), EPhase::kAborting, ECloseReason::kPeerReset);
}

}  // namespace switchboard
