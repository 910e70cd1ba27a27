#include "net/role/CReceiver.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/wire/CFrameEncoder.h"

namespace switchboard {

namespace {

constexpr size_t kBufferBytes = 128 * 1024;

uint64_t KeyOf(const CSession& session) { return uint64_t{session.Generation()} << 32 | session.Slot(); }

}  // namespace

CReceiver::CReceiver(const SReceiverParts& parts, CEpoll& epoll, CTrace& trace)
    : m_parts(parts),
      m_limits(parts.config.limits),
      m_flood(parts.config.flood),
      m_runsInline(parts.config.business.mode == EBusinessMode::kThreads),
      m_counters(parts.page.io),
      m_epoll(epoll),
      m_p_buffer(std::make_unique_for_overwrite<std::byte[]>(kBufferBytes)),
      m_turn(parts.sender, parts.inboxes, CTally::Own(parts.page.io), trace),
      m_http(parts, m_runnable) {}

void CReceiver::Adopt(CFd fd, const SPeer& peer, uint32_t listener, MonotonicTime now) {
  const int socket = fd.Get();
  const bool isHttp = m_parts.config.listeners[listener].protocol == EListenerProtocol::kHttp;
  CConnection* p_connection = m_parts.pool.Acquire(std::move(fd), peer, now, {static_cast<uint16_t>(listener), isHttp});
  if (p_connection == nullptr) return;
  m_counters.Add(ECounter::kConnectionsAccepted);
  const CSession session = p_connection->Session();
  if (!isHttp) m_runnable.PushBack(*p_connection);
  if (!m_epoll.Add(socket, EPOLLIN, KeyOf(session))) {
    MoveOn(*p_connection, EPhase::kAborting, ECloseReason::kPeerReset);
    return;
  }
  if (m_parts.heartbeat.Watch(session, now)) m_parts.heart.Wake();
}

void CReceiver::OnEvent(CConnection& connection, uint32_t events, MonotonicTime now) {
  if (connection.isDetached) return;
  if ((events & EPOLLIN) != 0) {
    Receive(connection, now);
  } else {
    // A connection whose reading rests isn't asked for EPOLLIN; what comes all the same is its reset.
    MoveOn(connection, EPhase::kAborting, ECloseReason::kPeerReset);
  }
}

void CReceiver::Receive(CConnection& connection, MonotonicTime now) {
  const ssize_t n = ::recv(connection.fd.Get(), m_p_buffer.get(), kBufferBytes, MSG_DONTWAIT);
  if (n == 0) {
    MoveOn(connection, EPhase::kDraining, ECloseReason::kPeerClosed);
    return;
  }
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    MoveOn(connection, EPhase::kAborting, ECloseReason::kPeerReset);
    return;
  }
  connection.Touch(now);
  m_counters.Add(ECounter::kReceives);
  m_counters.Add(ECounter::kBytesReceived, static_cast<uint64_t>(n));
  if (connection.IsHttp()) {
    Act(connection, m_http.Receive(connection, {m_p_buffer.get(), static_cast<size_t>(n)}, now), now);
    return;
  }
  const CFrameDecoder::SCut cut =
      connection.decoder.Feed({m_p_buffer.get(), static_cast<size_t>(n)}, m_limits.packet_bytes);
  if (cut.frames > 0) {
    m_counters.Add(ECounter::kPacketsAccepted, cut.frames);
    if (m_flood.enabled && !connection.floodGuard.Admit(cut.frames, now, m_flood.packets_per_second, m_flood.burst)) {
      m_counters.Add(ECounter::kPacketsDiscarded, cut.frames);
      MoveOn(connection, EPhase::kFlushing, ECloseReason::kFlood);
      return;
    }
    Deliver(connection, cut);
  }
  if (cut.isBad) {
    // What came before it is answered; what comes after it can't be read.
    MoveOn(connection, EPhase::kDraining, ECloseReason::kBadLength);
    return;
  }
  if (cut.frames > 0) m_partials.Remove(connection);
  if (connection.decoder.HasPartial() && !connection.isPartialListed) {
    m_partials.PushBack(connection, now + m_limits.packet_timeout);
  }
  if (m_parts.flowControl.ShouldRest(connection)) Rest(connection);
}

void CReceiver::Act(CConnection& connection, const SHttpOutcome& outcome, MonotonicTime now) {
  if (outcome.hasFinished) m_partials.Remove(connection);
  switch (outcome.kind) {
    case SHttpOutcome::EKind::kIdle:
      m_partials.Remove(connection);
      break;
    case SHttpOutcome::EKind::kStarted:
      if (!connection.isPartialListed) m_partials.PushBack(connection, now + m_limits.packet_timeout);
      break;
    case SHttpOutcome::EKind::kResting:
      Rest(connection);
      break;
    case SHttpOutcome::EKind::kOver:
      MoveOn(connection, EPhase::kDraining, outcome.reason);
      break;
  }
}

void CReceiver::DiscardInput(int socket) {
  std::array<std::byte, 16 * 1024> dropped;
  for (int i = 0; i < 16; ++i) {
    if (::recv(socket, dropped.data(), dropped.size(), MSG_DONTWAIT) <= 0) return;
  }
}

void CReceiver::Deliver(CConnection& connection, const CFrameDecoder::SCut& cut) {
  m_counters.Add(ECounter::kPacketsEntered, cut.frames);
  std::span<const std::byte> head = cut.head;
  std::span<const std::byte> rest = cut.rest;
  uint32_t frames = cut.frames;
  if (m_runsInline && connection.mailbox.IsIdle()) frames -= RunInline(connection, head, rest);
  if (frames > 0) PostBlock(connection, head, rest, frames);
}

uint32_t CReceiver::RunInline(CConnection& connection, std::span<const std::byte>& head,
                              std::span<const std::byte>& rest) {
  const SFrame first = SFrame::At(head.empty() ? rest.data() : head.data());
  if (!m_parts.handlers.RunsInline(first.msgCode)) return 0;
  m_turn.Begin(connection);
  const CSession session = m_turn.Session();
  uint32_t frames = RunInlinePart(head);
  if (head.empty()) frames += RunInlinePart(rest);
  const bool isDeferred = m_turn.IsDeferred();
  m_turn.End();
  if (isDeferred) m_parts.dispatcher.LeaveDeferred(connection, session, m_turn.Tally());
  return frames;
}

uint32_t CReceiver::RunInlinePart(std::span<const std::byte>& frames) {
  uint32_t count = 0;
  while (!frames.empty() && !m_turn.IsDeferred()) {
    const SFrame frame = SFrame::At(frames.data());
    if (!m_parts.handlers.OnInlineFrame(m_turn, frame)) break;
    frames = frames.subspan(frame.Bytes());
    ++count;
  }
  return count;
}

void CReceiver::PostBlock(CConnection& connection, std::span<const std::byte> head, std::span<const std::byte> rest,
                          uint32_t frames) {
  BlockPtr p_block;
  if (m_parts.dispatcher.HasRoomFor(frames)) {
    p_block = m_parts.buffers.Get(head.size() + rest.size());
    p_block->Append(head);
    p_block->Append(rest);
  } else {
    // They will be refused, but in their turn, so that answers stay in order: their headers wait in their place.
    p_block = m_parts.buffers.Get(frames * kHeaderBytes);
    p_block->SetMarked();
    for (std::span<const std::byte> part : {head, rest}) {
      while (!part.empty()) {
        const SFrame frame = SFrame::At(part.data());
        SPacketHeader header;
        header.pkgLen = static_cast<uint16_t>(kHeaderBytes);
        header.msgCode = frame.msgCode;
        header.crc32 = 0;
        p_block->Append(std::as_bytes(std::span(&header, 1)));
        part = part.subspan(frame.Bytes());
      }
    }
  }
  m_parts.dispatcher.CountQueued(frames);
  if (connection.mailbox.Post(std::move(p_block))) m_runnable.PushBack(connection);
}

void CReceiver::Rest(CConnection& connection) {
  m_counters.Add(ECounter::kReadPauses);
  m_epoll.Modify(connection.fd.Get(), 0, KeyOf(connection.Session()));
  // A peer that isn't read can't finish its packet.
  m_partials.Remove(connection);
}

void CReceiver::Resume(const CSession& session, MonotonicTime now) {
  CConnection* p_connection = m_parts.pool.Find(session);
  if (p_connection == nullptr || p_connection->isDetached) return;
  m_epoll.Modify(p_connection->fd.Get(), EPOLLIN, KeyOf(session));
  if (p_connection->IsHttp()) {
    Act(*p_connection, m_http.Resume(*p_connection, now), now);
    return;
  }
  if (p_connection->decoder.HasPartial() && !p_connection->isPartialListed) {
    m_partials.PushBack(*p_connection, now + m_limits.packet_timeout);
  }
}

void CReceiver::Detach(const CSession& session) {
  CConnection& connection = m_parts.pool.At(session.Slot());
  if (connection.Generation() == session.Generation()) LetGo(connection);
}

template <class Visit>
void CReceiver::ForEach(Visit visit) {
  for (uint32_t slot = 0; slot < m_parts.pool.Made(); ++slot) {
    CConnection& connection = m_parts.pool.At(slot);
    const EPhase phase = connection.Phase();
    if (phase != EPhase::kFree && phase != EPhase::kClosed) visit(connection);
  }
}

void CReceiver::SayGoAway(uint32_t drainMs, EGoAwayReason reason, MonotonicTime now) {
  m_http.BeginDrain();
  SGoAwayBody body;
  body.drain_ms = drainMs;
  body.reason = static_cast<uint16_t>(reason);
  std::array<std::byte, kHeaderBytes + sizeof(body)> frame;
  CFrameEncoder::WriteFrame(frame.data(), kGoAwayCode, std::as_bytes(std::span(&body, 1)));
  ForEach([&](CConnection& connection) {
    if (connection.IsHttp()) {
      EndHttp(connection, now);
      return;
    }
    if (!m_parts.config.protocol.goaway) {
      MoveOn(connection, EPhase::kDraining, ECloseReason::kWorkerStop);
      return;
    }
    if (m_parts.sender.Write(connection, connection.Generation(), frame, m_turn.Tally())) {
      m_counters.Add(ECounter::kPacketsPushed);
    }
  });
}

void CReceiver::EndHttp(CConnection& connection, MonotonicTime now) {
  if (connection.isDetached) return;
  // A request that has arrived by now is answered: to close over it would look like a failure.
  if (connection.p_httpInput == nullptr) Receive(connection, now);
  if (connection.isDetached || connection.p_httpInput != nullptr) return;
  MoveOn(connection, EPhase::kDraining, ECloseReason::kWorkerStop);
}

void CReceiver::DetachAll(EPhase phase) {
  ForEach([&](CConnection& connection) { MoveOn(connection, phase, ECloseReason::kWorkerStop); });
}

void CReceiver::ExpirePartials(MonotonicTime now) {
  while (CConnection* p_first = m_partials.First()) {
    if (p_first->partialDeadline > now) break;
    if (p_first->IsHttp()) m_http.TimeOut(*p_first);
    MoveOn(*p_first, EPhase::kDraining, ECloseReason::kPacketTimeout);
  }
}

std::optional<MonotonicTime> CReceiver::NextDeadline() const {
  if (m_partials.First() == nullptr) return std::nullopt;
  return m_partials.First()->partialDeadline;
}

void CReceiver::FlushRunnable() { m_parts.dispatcher.Push(std::exchange(m_runnable, {})); }

void CReceiver::MoveOn(CConnection& connection, EPhase phase, ECloseReason reason) {
  const CConnection::EClose result = connection.MoveTo(phase, reason, connection.Generation());
  // Letting go tells sb-recycle; if that was done before, it must hear of the new phase all the same.
  if (result == CConnection::EClose::kAsked && connection.isDetached) {
    m_parts.inboxes.TellRecycler({ERecycleNote::kAsked, connection.Session()});
  }
  LetGo(connection);
}

void CReceiver::LetGo(CConnection& connection) {
  const CSession session = connection.Session();
  if (!std::exchange(connection.isDetached, true)) {
    m_epoll.Remove(connection.fd.Get());
    m_partials.Remove(connection);
    connection.decoder.Clear();
    connection.p_httpInput.reset();
    if (connection.IsHttp() && connection.mailbox.IsIdle() && connection.p_userState == nullptr) {
      // Nobody waits for its end.
      m_parts.inboxes.TellRecycler({ERecycleNote::kHandlingDone, session});
    } else if (connection.mailbox.PostEnd()) {
      m_runnable.PushBack(connection);
    }
    m_parts.inboxes.TellRecycler({ERecycleNote::kReadHalfDone, session});
  }
  if (!connection.IsAnswering()) m_parts.dispatcher.CancelDeferral(connection, session, m_turn.Tally());
}

}  // namespace switchboard
