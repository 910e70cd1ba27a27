#include "net/role/CSender.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/conn/CTransport.h"

namespace switchboard {

namespace {

// A file of up to so many bytes is sent by who answers, if it is in memory.
constexpr uint64_t kDirectFileBytes = 256 * 1024;
// Of a block that is queued behind others: more is likely to follow.
constexpr size_t kRoomForMore = 4096;

}  // namespace

CSender::CSender(const SConfig& config, CConnectionPool& pool, CBufferPool& buffers, SInboxes& inboxes,
                 const CFlowControl& flowControl, SWorkerPage& page)
    : m_path(config.reply.path),
      m_queueLimit(config.limits.send_queue_bytes),
      m_buffers(buffers),
      m_inboxes(inboxes),
      m_closer(inboxes),
      m_send(CSendLoop::EKind::kSend, pool, inboxes, flowControl, page),
      m_files(CSendLoop::EKind::kFile, pool, inboxes, flowControl, page) {}

void CSender::Start() {
  m_send.Start();
  m_files.Start();
}

void CSender::Stop() {
  m_send.Stop();
  m_files.Stop();
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
  const size_t sent = n < 0 ? 0 : static_cast<size_t>(n);
  if (sent > 0) {
    tally.Add(ECounter::kSends);
    tally.Add(ECounter::kBytesSent, sent);
    connection.CountSent(sent);
  }
  if (sent == frames.size()) [[likely]] {
    Finish(connection.outbox.EndDirect(), session, tally);
    return true;
  }
  BlockPtr p_rest;
  const bool isBroken = n < 0 && !CTransport::IsTemporary(errno);
  const std::span<const std::byte> rest = frames.subspan(sent);
  const bool isTaken = !isBroken && rest.size() <= m_queueLimit;
  if (isTaken) {
    p_rest = MakeBlock(rest);
  } else {
    m_closer.Close(connection, generation, EPhase::kAborting,
                   isBroken ? ECloseReason::kPeerReset : ECloseReason::kSendQueueOverflow);
  }
  Finish(connection.outbox.EndDirect(std::move(p_rest)), session, tally);
  return isTaken;
}

bool CSender::WriteFile(CConnection& connection, uint32_t generation, std::span<const std::byte> head, SFileRange range,
                        const CTally& tally) noexcept {
  if (m_path == EReplyPath::kDirect && range.length <= kDirectFileBytes && range.IsInMemory()) {
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
    Finish(connection.outbox.EndDirect(), session, tally);
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

}  // namespace switchboard
