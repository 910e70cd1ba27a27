#include "net/role/CSender.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <variant>

#include "net/conn/CTransport.h"
#include "net/role/CProtocol.h"

namespace switchboard {

namespace {

constexpr size_t kEvents = 256;
constexpr size_t kBlocksPerWrite = 64;
// A file of up to so many bytes is sent by who answers; a larger one might have to come from a disk.
constexpr uint64_t kDirectFileBytes = 256 * 1024;
constexpr uint64_t kFileBytesPerCall = 4 * 1024 * 1024;
// What a connection may send in a row before the others get their turn.
constexpr uint64_t kBytesPerTurn = 4 * 1024 * 1024;
// In a row, before the sockets are looked at.
constexpr uint32_t kRoundsOfNotes = 16;
// Of a block that is queued behind others: more is likely to follow.
constexpr size_t kRoomForMore = 4096;
constexpr uint64_t kInboxKey = 0;  // no session has generation 0

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
  m_inboxes.send.Post(send_note::SQuit{});
  m_thread.Join();
}

bool CSender::Write(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
                    const CTally& tally) noexcept {
  if (m_path == EReplyPath::kDirect) {
    switch (connection.outbox.TryOwn(generation)) {
      case COutbox::EOwn::kOwned:
        return WriteDirect(connection, generation, frames, tally);
      case COutbox::EOwn::kGone:
        return false;
      case COutbox::EOwn::kBusy:
        break;
    }
  }
  return Queue(connection, generation, frames, tally);
}

bool CSender::WriteDirect(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
                          const CTally& tally) {
  const CSession session(connection.worker, connection.slot, generation);
  const ssize_t n = CTransport::Write(connection.fd.Get(), frames);
  bool isTaken = true;
  BlockPtr p_rest;
  if (n < 0 && !CTransport::IsTemporary(errno)) {
    m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kPeerReset);
    isTaken = false;
  } else {
    const size_t sent = n < 0 ? 0 : static_cast<size_t>(n);
    if (sent > 0) {
      tally.Add(ECounter::kSends);
      tally.Add(ECounter::kBytesSent, sent);
      connection.CountSent(sent);
    }
    const std::span<const std::byte> rest = frames.subspan(sent);
    if (rest.size() > m_queueLimit) {
      m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kSendQueueOverflow);
      isTaken = false;
    } else if (!rest.empty()) {
      p_rest = MakeBlock(rest);
    }
  }
  Finish(connection.outbox.EndDirect(std::move(p_rest)), session, tally);
  return isTaken;
}

bool CSender::WriteFile(CConnection& connection, uint32_t generation, std::span<const std::byte> head, SFileRange range,
                        const CTally& tally) noexcept {
  if (m_path == EReplyPath::kDirect && range.length <= kDirectFileBytes) {
    switch (connection.outbox.TryOwn(generation)) {
      case COutbox::EOwn::kOwned:
        return WriteFileDirect(connection, generation, head, range, tally);
      case COutbox::EOwn::kGone:
        return false;
      case COutbox::EOwn::kBusy:
        break;
    }
  }
  BlockPtr p_block = MakeBlock(head);
  p_block->SetFile(std::move(range));
  return Queue(connection, generation, std::move(p_block), tally);
}

bool CSender::WriteFileDirect(CConnection& connection, uint32_t generation, std::span<const std::byte> head,
                              SFileRange& range, const CTally& tally) {
  const CSession session(connection.worker, connection.slot, generation);
  // The first bytes of the file share a segment with the head.
  ssize_t n = CTransport::Write(connection.fd.Get(), head, true);
  const size_t headSent = n > 0 ? static_cast<size_t>(n) : 0;
  uint64_t fileSent = 0;
  if (n == static_cast<ssize_t>(head.size())) {
    n = CTransport::WriteFile(connection.fd.Get(), range, range.length);
    fileSent = n > 0 ? static_cast<uint64_t>(n) : 0;
  }
  const bool isRefused = n < 0 && !CTransport::IsTemporary(errno);
  if (headSent + fileSent > 0) {
    tally.Add(ECounter::kSends);
    tally.Add(ECounter::kBytesSent, headSent + fileSent);
    connection.CountSent(headSent + fileSent);
  }
  if (isRefused || n == 0) {
    m_closer.Close(connection, generation, EPhase::kAborting,
                   isRefused ? ECloseReason::kPeerReset : ECloseReason::kFileChanged);
    Finish(connection.outbox.EndDirect(nullptr), session, tally);
    return false;
  }
  BlockPtr p_rest;
  if (headSent < head.size() || fileSent < range.length) {
    p_rest = MakeBlock(head.subspan(headSent));
    range.offset += fileSent;
    range.length -= fileSent;
    if (range.length > 0) p_rest->SetFile(std::move(range));
  }
  Finish(connection.outbox.EndDirect(std::move(p_rest)), session, tally);
  return true;
}

BlockPtr CSender::MakeBlock(std::span<const std::byte> bytes, size_t room) {
  BlockPtr p_block = m_buffers.Get(std::max(bytes.size(), room));
  p_block->Append(bytes);
  return p_block;
}

bool CSender::Queue(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
                    const CTally& tally) {
  // What comes bit by bit while the peer doesn't read, comes into the room that is there.
  if (connection.outbox.Join(generation, frames)) return true;
  return Queue(connection, generation, MakeBlock(frames, connection.outbox.Bytes() > 0 ? kRoomForMore : 0), tally);
}

bool CSender::Queue(CConnection& connection, uint32_t generation, BlockPtr p_block, const CTally& tally) {
  switch (connection.outbox.Append(generation, std::move(p_block), m_queueLimit)) {
    case COutbox::EAppend::kHandOver:
      HandOver({connection.worker, connection.slot, generation}, tally);
      return true;
    case COutbox::EAppend::kQueued:
      return true;
    case COutbox::EAppend::kOverflow:
      m_closer.Close(connection, generation, EPhase::kAborting, ECloseReason::kSendQueueOverflow);
      return false;
    case COutbox::EAppend::kGone:
      break;
  }
  return false;
}

void CSender::HandOver(const CSession& session, const CTally& tally) {
  tally.Add(ECounter::kSendThreadHandOvers);
  m_inboxes.send.Post(send_note::SServe{session});
}

// The connection itself must not be touched any more: whoever has let go of it may meet it in its next life.
void CSender::Finish(COutbox::EEnd end, const CSession& session, const CTally& tally) {
  if (end == COutbox::EEnd::kMore) HandOver(session, tally);
  if (end == COutbox::EEnd::kAwaited) m_inboxes.TellRecycler(recycle_note::SWriteHalfFree{session});
}

void CSender::Run() {
  std::array<epoll_event, kEvents> events;
  std::vector<SendNote> notes;
  for (uint32_t rounds = 0;; ++rounds) {
    m_inboxes.send.Take(notes);
    for (const SendNote& note : notes) Handle(note);
    if (m_isQuitting) return;
    m_trace.Step();
    // With notes that come all the time, the sockets get their turn all the same.
    if (!notes.empty() && rounds % kRoundsOfNotes != 0) continue;
    const std::optional<MonotonicTime> deadline = notes.empty() ? std::nullopt : std::optional(MonotonicTime{});
    m_trace.End();
    const std::span<epoll_event> ready = m_epoll.Wait(events, deadline, MonotonicTime{});
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

void CSender::Handle(const SendNote& note) {
  std::visit(SOverloads{[&](const send_note::SServe& serve) { Serve(m_pool.At(serve.session.Slot()), serve.session); },
                        [&](const send_note::SQuit&) { m_isQuitting = true; }},
             note);
}

void CSender::Serve(CConnection& connection, const CSession& session) {
  // Late notes and events are told by the owner: only what was handed over is served.
  if (!connection.outbox.IsSenders() || connection.Generation() != session.Generation()) return;
  CBlockQueue& sending = connection.write.sending;
  const uint64_t turnEnd = connection.SentBytes() + kBytesPerTurn;
  for (;;) {
    const bool isOpen = connection.outbox.TakeQueued(sending);
    if (!isOpen || connection.Phase() >= EPhase::kAborting) {
      Drop(connection, UINT64_MAX);
    } else if (!sending.IsEmpty() && !WriteSome(connection, session)) {
      return;
    }
    if (sending.IsEmpty()) {
      connection.write.isWatched = false;
      const COutbox::EEnd end = connection.outbox.EndSending();
      if (end != COutbox::EEnd::kMore) {
        Finish(end, session, m_tally);
        return;
      }
    }
    if (connection.SentBytes() >= turnEnd) {
      m_inboxes.send.Post(send_note::SServe{session});
      return;
    }
  }
}

bool CSender::WriteSome(CConnection& connection, const CSession& session) {
  const bool isFilesTurn = connection.write.sending.First()->Unused().empty();
  const ssize_t n = isFilesTurn ? SendFile(connection) : SendBlocks(connection);
  if (n < 0 && CTransport::IsTemporary(errno)) {
    AwaitWritable(connection, session);
    return false;
  }
  if (n <= 0) {
    m_closer.Close(connection, session.Generation(), EPhase::kAborting,
                   n < 0 ? ECloseReason::kPeerReset : ECloseReason::kFileChanged);
    Drop(connection, UINT64_MAX);
    return true;
  }
  m_tally.Add(ECounter::kSends);
  m_tally.Add(ECounter::kBytesSent, static_cast<uint64_t>(n));
  connection.CountSent(static_cast<uint64_t>(n));
  Drop(connection, static_cast<uint64_t>(n));
  m_flowControl.Relieve(connection);
  return true;
}

ssize_t CSender::SendBlocks(CConnection& connection) {
  std::array<iovec, kBlocksPerWrite> pieces;
  size_t count = 0;
  bool hasMore = false;
  for (CBlock* p_block = connection.write.sending.First(); p_block != nullptr && count < kBlocksPerWrite && !hasMore;
       p_block = CBlockQueue::Next(p_block)) {
    const std::span<const std::byte> unused = p_block->Unused();
    pieces[count++] = {const_cast<std::byte*>(unused.data()), unused.size()};  // sendmsg only reads
    hasMore = p_block->File() != nullptr;  // its first bytes share a segment with what comes before them
  }
  return CTransport::Write(connection.fd.Get(), std::span(pieces).first(count), hasMore);
}

ssize_t CSender::SendFile(CConnection& connection) {
  const SFileRange& range = *connection.write.sending.First()->File();
  if (!connection.write.isCorked && range.length > kFileBytesPerCall) SetCork(connection, true);
  return CTransport::WriteFile(connection.fd.Get(), range, kFileBytesPerCall);
}

void CSender::SetCork(CConnection& connection, bool isCorked) {
  CTransport::SetCork(connection.fd.Get(), isCorked);
  connection.write.isCorked = isCorked;
}

void CSender::AwaitWritable(CConnection& connection, const CSession& session) {
  const uint64_t key = session.Key();
  const bool isArmed = connection.write.isInSendEpoll
                           ? m_epoll.Modify(connection.fd.Get(), EPOLLOUT | EPOLLONESHOT, key)
                           : m_epoll.Add(connection.fd.Get(), EPOLLOUT | EPOLLONESHOT, key);
  connection.write.isInSendEpoll = true;
  // Answers that came late have no read behind them that would notice.
  if (connection.Protocol().IdleRule().countsOnlyRest && !std::exchange(connection.write.isWatched, true)) {
    m_inboxes.io.Post(io_note::SWatchSending{session});
  }
  // Without an event the connection would hang: the kernel is out of memory, or the user out of watches.
  if (!isArmed) m_closer.Close(connection, session.Generation(), EPhase::kAborting, ECloseReason::kPeerReset);
}

// Takes `bytes` (or all that there is) off the front of what is being sent.
void CSender::Drop(CConnection& connection, uint64_t bytes) {
  size_t dropped = 0;
  while (CBlock* p_block = connection.write.sending.First()) {
    const uint64_t take = std::min<uint64_t>(p_block->Unused().size(), bytes);
    p_block->Consume(take);
    bytes -= take;
    if (!p_block->Unused().empty()) break;
    if (SFileRange* const p_range = p_block->File()) {
      const uint64_t takeOfFile = std::min(p_range->length, bytes);
      p_range->offset += takeOfFile;
      p_range->length -= takeOfFile;
      bytes -= takeOfFile;
      if (p_range->length > 0) break;
      if (connection.write.isCorked) SetCork(connection, false);
    }
    dropped += p_block->Memory();
    connection.write.sending.PopFront();
  }
  connection.outbox.Done(dropped);
}

}  // namespace switchboard
