#include "net/role/CReceiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "net/conn/CTransport.h"
#include "net/role/CDeferral.h"

namespace switchboard {

namespace {

constexpr size_t kBufferBytes = 128 * 1024;
// After a farewell, for clients that can be told with an answer only.
constexpr std::chrono::seconds kMoment{1};
constexpr uint64_t kRoomShare = 16;  // of limits.total_bytes is free after MakeRoom

}  // namespace

CReceiver::CReceiver(const SReceiverParts& parts, CEpoll& epoll)
    : m_parts(parts),
      m_packetTimeout(parts.config.limits.packet_timeout),
      m_counters(parts.page.io),
      m_epoll(epoll),
      m_p_buffer(std::make_unique_for_overwrite<std::byte[]>(kBufferBytes)),
      m_lingering(parts.pool, parts.inboxes, epoll, {m_p_buffer.get(), kBufferBytes}) {}

void CReceiver::Adopt(CFd fd, const SPeer& peer, uint32_t listener, MonotonicTime now) {
  const int socket = fd.Get();
  CProtocol& protocol = *m_parts.protocols[listener];
  CConnection* p_connection = m_parts.pool.Acquire(std::move(fd), peer, now, protocol, static_cast<uint16_t>(listener));
  if (p_connection == nullptr) return;
  m_counters.Add(ECounter::kConnectionsAccepted);
  p_connection->mostUnsent.store(protocol.MostUnsent(), std::memory_order_relaxed);
  const CSession session = p_connection->Session();
  if (protocol.HasOpening() && p_connection->mailbox.PostOpening()) m_parts.reading.runnable.PushBack(*p_connection);
  if (!m_epoll.Add(socket, EPOLLIN, session.Key())) {
    MoveOn(*p_connection, EPhase::kAborting, ECloseReason::kPeerReset);
    return;
  }
  if (m_parts.silence.Watch(*p_connection, now)) m_parts.heart.Wake();
}

void CReceiver::OnEvent(CConnection& connection, uint32_t events, MonotonicTime now) {
  if (connection.read.isLingering) {
    m_lingering.DropInput(connection, now);
    return;
  }
  if (connection.read.isDetached) return;
  if ((events & EPOLLIN) != 0) {
    Receive(connection, now);
  } else {
    // A connection whose reading rests isn't asked for EPOLLIN; what comes all the same is its reset.
    MoveOn(connection, EPhase::kAborting, ECloseReason::kPeerReset);
  }
}

size_t CReceiver::Receive(CConnection& connection, MonotonicTime now) {
  const ssize_t n = CTransport::Read(connection.fd.Get(), {m_p_buffer.get(), kBufferBytes});
  if (n == 0) {
    MoveOn(connection, EPhase::kDraining, ECloseReason::kPeerClosed);
    return 0;
  }
  if (n < 0) {
    if (!CTransport::IsTemporary(errno)) MoveOn(connection, EPhase::kAborting, ECloseReason::kPeerReset);
    return 0;
  }
  const auto bytes = static_cast<size_t>(n);
  connection.Touch(now);
  m_counters.Add(ECounter::kReceives);
  m_counters.Add(ECounter::kBytesReceived, bytes);
  const SReading reading = connection.Protocol().Receive(connection, {m_p_buffer.get(), bytes}, now);
  if (bytes < kBufferBytes) connection.read.isBehind = false;
  Act(connection, reading, now);
  return bytes;
}

void CReceiver::CountInput(CConnection& connection) {
  SReadHalf& read = connection.read;
  const auto now = read.p_input != nullptr ? static_cast<uint32_t>(read.p_input->HeldBytes()) : 0;
  if (now != read.inputBytes) m_parts.ceiling.CountInput(std::exchange(read.inputBytes, now), now);
}

void CReceiver::Act(CConnection& connection, const SReading& reading, MonotonicTime now) {
  CountInput(connection);
  if (reading.hasFinished) CPartialList::Remove(connection);
  switch (reading.then) {
    case SReading::EThen::kWait:
      break;
    case SReading::EThen::kStarted:
      m_partials.Add(connection, now + m_packetTimeout);
      break;
    case SReading::EThen::kRest:
      Rest(connection, now);
      break;
    case SReading::EThen::kEnd:
      MoveOn(connection, reading.phase, reading.reason);
      break;
  }
}

void CReceiver::Rest(CConnection& connection, MonotonicTime now) {
  m_counters.Add(ECounter::kReadPauses);
  if (m_parts.config.flood.enabled && !std::exchange(connection.read.isBehind, true)) {
    connection.read.floodGuard.BeginBacklog(now);
  }
  m_epoll.Modify(connection.fd.Get(), 0, connection.Session().Key());
  connection.read.isResting = true;
  // A peer that isn't read can't finish its request.
  CPartialList::Remove(connection);
}

void CReceiver::Resume(const CSession& session, MonotonicTime now) {
  CConnection* p_connection = m_parts.pool.Find(session);
  if (p_connection == nullptr || p_connection->read.isDetached) return;
  m_epoll.Modify(p_connection->fd.Get(), EPOLLIN, session.Key());
  p_connection->read.isResting = false;
  Act(*p_connection, p_connection->Protocol().Resume(*p_connection, now), now);
}

void CReceiver::OnPhaseMoved(const CSession& session) {
  CConnection& connection = m_parts.pool.At(session.Slot());
  if (connection.Generation() != session.Generation()) return;
  if (connection.read.isDetached) m_parts.inboxes.TellRecycler(recycle_note::SPhaseMoved{session});
  LetGo(connection);
}

void CReceiver::LookAtSilent(const CSession& session, MonotonicTime now) {
  CConnection* p_connection = m_parts.pool.Find(session);
  if (p_connection == nullptr) return;
  if (!p_connection->read.isDetached && !p_connection->read.isResting) Receive(*p_connection, now);
  const SIdleRule& rule = p_connection->Protocol().IdleRule();
  if (p_connection->LastActive() + rule.silence <= now) {
    MoveOn(*p_connection, rule.phase, ECloseReason::kHeartbeat);
  } else if (m_parts.silence.Watch(*p_connection, now)) {
    m_parts.heart.Wake();
  }
}

void CReceiver::WatchSending(const CSession& session, MonotonicTime now) {
  CConnection* const p_connection = m_parts.pool.Find(session);
  if (p_connection != nullptr && m_parts.silence.WatchSending(*p_connection, now)) m_parts.heart.Wake();
}

template <class Visit>
void CReceiver::ForEach(Visit visit) {
  for (uint32_t slot = 0; slot < m_parts.pool.Made(); ++slot) {
    CConnection& connection = m_parts.pool.At(slot);
    const EPhase phase = connection.Phase();
    if (phase != EPhase::kFree && phase != EPhase::kClosed) visit(connection);
  }
}

void CReceiver::SayFarewell(const SFarewell& farewell, MonotonicTime now) {
  if (!farewell.isMomentOver) {
    for (const auto& p_protocol : m_parts.protocols) p_protocol->BeginDrain();
    m_farewell = farewell;
    m_farewell.isMomentOver = true;
    m_momentEnd = now + std::min<MonotonicTime::duration>(kMoment, std::chrono::milliseconds(farewell.drainMs / 2));
  }
  ForEach([&](CConnection& connection) {
    // What has arrived by now is answered: to close over it would look like a failure.
    const SReadHalf& read = connection.read;
    if (!read.isDetached && !read.isResting && read.p_input == nullptr) Receive(connection, now);
    if (read.isDetached) return;
    if (connection.Protocol().IsOverAtFarewell(connection, farewell)) {
      MoveOn(connection, EPhase::kDraining, ECloseReason::kWorkerStop);
    }
  });
}

void CReceiver::DetachAll(EPhase phase) {
  m_momentEnd.reset();
  m_lingering.EndAll();
  ForEach([&](CConnection& connection) { MoveOn(connection, phase, ECloseReason::kWorkerStop); });
}

void CReceiver::HandleDeadlines(MonotonicTime now) {
  ExpirePartials(now);
  m_lingering.Expire(now);
  if (!m_momentEnd || *m_momentEnd > now) return;
  m_momentEnd.reset();
  SayFarewell(m_farewell, now);
}

void CReceiver::MakeRoom() {
  struct SHolder {
    uint64_t bytes;
    CConnection* p_connection;
  };
  m_parts.ceiling.Rearm();
  const uint64_t most = m_parts.ceiling.Most();
  uint64_t held = m_parts.ceiling.Held();
  std::vector<SHolder> holders;
  ForEach([&](CConnection& connection) {
    const uint64_t bytes =
        uint64_t{connection.mailbox.Bytes()} + connection.outbox.Bytes() + connection.read.inputBytes;
    if (connection.Phase() >= EPhase::kAborting) {
      held -= std::min(held, bytes);  // on its way to be free
    } else if (bytes > 0) {
      holders.push_back({bytes, &connection});
    }
  });
  if (held <= most) return;
  std::sort(holders.begin(), holders.end(), [](const SHolder& a, const SHolder& b) { return a.bytes > b.bytes; });
  // Some more than needed, so that the next look isn't due at once.
  for (const SHolder& holder : holders) {
    if (held <= most - most / kRoomShare) break;
    const std::optional<SPeer> peer = holder.p_connection->Peer(holder.p_connection->Generation());
    m_parts.log.Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kMemory}, [&] {
      return fmt::format(
          "{} bytes are held, more than limits.total_bytes = {}: the connection of {} is closed, which has {} of them",
          held, most, peer ? peer->ToString() : "a client", holder.bytes);
    });
    MoveOn(*holder.p_connection, EPhase::kAborting, ECloseReason::kMemory);
    held -= std::min(held, holder.bytes);
  }
}

void CReceiver::ExpirePartials(MonotonicTime now) {
  while (CConnection* p_first = m_partials.First()) {
    if (m_partials.FirstDeadline() > now) break;
    // The rest may have come while this thread, or the machine, was busy with something else.
    const bool hadInput = Receive(*p_first, now) == kBufferBytes;
    if (m_partials.First() != p_first || m_partials.FirstDeadline() > now) continue;
    if (hadInput) {
      CPartialList::Remove(*p_first);
      m_partials.Add(*p_first, now + m_packetTimeout);
      continue;
    }
    p_first->Protocol().OnOverdue(*p_first);
    MoveOn(*p_first, EPhase::kDraining, ECloseReason::kPacketTimeout);
  }
}

std::optional<MonotonicTime> CReceiver::NextDeadline() const {
  std::optional<MonotonicTime> next = m_momentEnd;
  if (const std::optional<MonotonicTime> look = m_lingering.Next()) next = next ? std::min(*next, *look) : *look;
  if (m_partials.First() == nullptr) return next;
  return next ? std::min(*next, m_partials.FirstDeadline()) : m_partials.FirstDeadline();
}

void CReceiver::FlushRunnable() { m_parts.business.Push(std::exchange(m_parts.reading.runnable, {})); }

void CReceiver::FlushLogs() {
  for (const auto& p_protocol : m_parts.protocols) p_protocol->FlushLogs();
}

void CReceiver::ReopenLogs() {
  for (const auto& p_protocol : m_parts.protocols) p_protocol->ReopenLogs();
}

void CReceiver::MoveOn(CConnection& connection, EPhase phase, ECloseReason reason) {
  const CConnection::EClose result = connection.MoveTo(phase, reason, connection.Generation());
  // Letting go tells sb-recycle; if that was done before, it must hear of the new phase all the same.
  if (result == CConnection::EClose::kAsked && connection.read.isDetached) {
    m_parts.inboxes.TellRecycler(recycle_note::SPhaseMoved{connection.Session()});
  }
  LetGo(connection);
}

void CReceiver::LetGo(CConnection& connection) {
  const CSession session = connection.Session();
  if (!std::exchange(connection.read.isDetached, true)) {
    m_epoll.Remove(connection.fd.Get());
    connection.read.p_input.reset();
    CountInput(connection);
    if (!connection.Protocol().HasEnd(connection)) {
      m_parts.inboxes.TellRecycler(recycle_note::SHandlingDone{session});
    } else if (connection.mailbox.PostEnd()) {
      m_parts.reading.runnable.PushBack(connection);
    }
    m_parts.inboxes.TellRecycler(recycle_note::SReadHalfDone{session});
  }
  if (!connection.IsAnswering()) {
    CDeferral::Cancel(m_parts.business.Links(), connection, session, m_parts.reading.turn.Tally());
  }
}

}  // namespace switchboard
