#include "net/CSender.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace switchboard {

namespace {

constexpr size_t kEvents = 256;
constexpr size_t kBlocksPerWrite = 64;
constexpr uint64_t kInboxKey = 0;  // no session has generation 0

uint64_t KeyOf(const CSession& session) { return uint64_t{session.Generation()} << 32 | session.Slot(); }

bool IsTemporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

CSender::CSender(const SConfig& config, CConnectionPool& pool, CBufferPool& buffers, SInboxes& inboxes,
                 const CFlowControl& flowControl, SWorkerPage& page)
    : m_path(config.reply.path),
      m_queueLimit(config.limits.send_queue_bytes),
      m_pool(pool),
      m_buffers(buffers),
      m_inboxes(inboxes),
      m_flowControl(flowControl),
      m_closer(inboxes),
      m_tally(CTally::Own(page.send)),
      m_trace(page.sendTrace) {}

void CSender::Start() {
  if (!m_epoll.Add(m_inboxes.send.Fd(), EPOLLIN, kInboxKey)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl on an eventfd");
  }
  m_thread = CThread("sb-send", [this] { Run(); });
}

void CSender::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_inboxes.send.Post({ESendNote::kQuit});
  m_thread.Join();
}

bool CSender::Write(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
                    const CTally& tally) {
  if (m_path == EReplyPath::kDirect) {
    switch (connection.outbox.TryOwn(generation)) {
      case COutbox::EResult::kOwned:
        return WriteDirect(connection, generation, frames, tally);
      case COutbox::EResult::kGone:
        return false;
      default:
        break;
    }
  }
  return Queue(connection, generation, frames, tally);
}

bool CSender::WriteDirect(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
                          const CTally& tally) {
  const CSession session(connection.worker, connection.slot, generation);
  const ssize_t n = ::send(connection.fd.Get(), frames.data(), frames.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  bool isTaken = true;
  BlockPtr p_rest;
  if (n < 0 && !IsTemporary(errno)) {
    m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kPeerReset);
    isTaken = false;
  } else {
    const size_t sent = n < 0 ? 0 : static_cast<size_t>(n);
    if (sent > 0) {
      tally.Add(ECounter::kSends);
      tally.Add(ECounter::kBytesSent, sent);
    }
    const std::span<const std::byte> rest = frames.subspan(sent);
    if (rest.size() > m_queueLimit) {
      m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kSendQueueOverflow);
      isTaken = false;
    } else if (!rest.empty()) {
      p_rest = m_buffers.Get(rest.size());
      p_rest->Append(rest);
    }
  }
  Finish(connection.outbox.EndDirect(std::move(p_rest)), session, tally);
  return isTaken;
}

bool CSender::Queue(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
                    const CTally& tally) {
  BlockPtr p_block = m_buffers.Get(frames.size());
  p_block->Append(frames);
  switch (connection.outbox.Append(generation, std::move(p_block), m_queueLimit)) {
    case COutbox::EResult::kHandOver:
      HandOver({connection.worker, connection.slot, generation}, tally);
      return true;
    case COutbox::EResult::kQueued:
      return true;
    case COutbox::EResult::kOverflow:
      m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kSendQueueOverflow);
      return false;
    default:
      return false;
  }
}

void CSender::HandOver(const CSession& session, const CTally& tally) {
  tally.Add(ECounter::kSendThreadHandOvers);
  m_inboxes.send.Post({ESendNote::kServe, session});
}

// The connection itself must not be touched any more: whoever has let go of it may meet it in its next life.
void CSender::Finish(COutbox::EResult result, const CSession& session, const CTally& tally) {
  if (result == COutbox::EResult::kHandOver) HandOver(session, tally);
  if (result == COutbox::EResult::kAwaited) m_inboxes.TellRecycler({ERecycleNote::kWriteHalfFree, session});
}

void CSender::Run() {
  std::array<epoll_event, kEvents> events;
  std::vector<SSendNote> notes;
  for (;;) {
    m_inboxes.send.Take(notes);
    bool isQuitting = false;
    for (const SSendNote& note : notes) {
      if (note.kind == ESendNote::kQuit) {
        isQuitting = true;
      } else {
        Serve(m_pool.At(note.session.Slot()), note.session);
      }
    }
    if (isQuitting) return;
    if (!notes.empty()) continue;
    m_trace.End();
    const std::span<epoll_event> ready = m_epoll.Wait(events, std::nullopt, {});
    m_trace.Begin();
    for (const epoll_event& event : ready) {
      if (event.data.u64 == kInboxKey) {
        m_inboxes.send.ClearSignal();
        continue;
      }
      CConnection& connection = m_pool.At(static_cast<uint32_t>(event.data.u64));
      const auto generation = static_cast<uint32_t>(event.data.u64 >> 32);
      Serve(connection, {connection.worker, connection.slot, generation});
    }
  }
}

void CSender::Serve(CConnection& connection, const CSession& session) {
  // Late notes and events are told by the owner: only what was handed over is served.
  if (!connection.outbox.IsSenders() || connection.Generation() != session.Generation()) return;
  for (;;) {
    const bool isOpen = connection.outbox.TakeQueued(connection.sending);
    if (!isOpen || connection.Phase() >= EPhase::kAborting) {
      Drop(connection, SIZE_MAX);
    } else if (!connection.sending.IsEmpty() && !WriteSome(connection, session)) {
      return;
    }
    if (!connection.sending.IsEmpty()) continue;
    const COutbox::EResult result = connection.outbox.EndSending();
    if (result == COutbox::EResult::kQueued) continue;
    Finish(result, session, m_tally);
    return;
  }
}

bool CSender::WriteSome(CConnection& connection, const CSession& session) {
  std::array<iovec, kBlocksPerWrite> pieces;
  msghdr message{};
  message.msg_iov = pieces.data();
  for (CBlock* p_block = connection.sending.First(); p_block != nullptr && message.msg_iovlen < kBlocksPerWrite;
       p_block = CBlockQueue::Next(p_block)) {
    const std::span<const std::byte> unused = p_block->Unused();
    pieces[message.msg_iovlen++] = {const_cast<std::byte*>(unused.data()), unused.size()};  // sendmsg only reads
  }
  const ssize_t n = ::sendmsg(connection.fd.Get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) {
    if (IsTemporary(errno)) {
      AwaitWritable(connection, session);
      return false;
    }
    m_closer.Close(connection, session.Generation(), EPhase::kAborting, ECloseReason::kPeerReset);
    Drop(connection, SIZE_MAX);
    return true;
  }
  m_tally.Add(ECounter::kSends);
  m_tally.Add(ECounter::kBytesSent, static_cast<uint64_t>(n));
  Drop(connection, static_cast<size_t>(n));
  m_flowControl.Relieve(connection);
  return true;
}

void CSender::AwaitWritable(CConnection& connection, const CSession& session) {
  const uint64_t key = KeyOf(session);
  const bool isArmed = connection.isInSendEpoll ? m_epoll.Modify(connection.fd.Get(), EPOLLOUT | EPOLLONESHOT, key)
                                                : m_epoll.Add(connection.fd.Get(), EPOLLOUT | EPOLLONESHOT, key);
  connection.isInSendEpoll = true;
  // Without an event the connection would hang: the kernel is out of memory, or the user out of watches.
  if (!isArmed) m_closer.Close(connection, session.Generation(), EPhase::kAborting, ECloseReason::kPeerReset);
}

// Takes `bytes` (or all that there is) off the front of what is being sent.
void CSender::Drop(CConnection& connection, size_t bytes) {
  size_t dropped = 0;
  while (CBlock* p_block = connection.sending.First()) {
    const size_t take = std::min(p_block->Unused().size(), bytes - dropped);
    p_block->Consume(take);
    dropped += take;
    if (!p_block->Unused().empty()) break;
    connection.sending.PopFront();
  }
  connection.outbox.Done(dropped);
}

}  // namespace switchboard
