#include "net/packet/CPacketProtocol.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "net/packet/CPacketWriter.h"

namespace switchboard {

namespace {

SIdleRule IdleRuleOf(const SHeartbeatConfig& config, const SListenerConfig& listener) {
  SIdleRule rule;
  if (config.enabled) rule.silence = config.interval * config.max_misses;
  if (listener.silence.count() != 0) rule.silence = listener.silence;
  return rule;
}

}  // namespace

CPacketProtocol::CPacketProtocol(const SProtocolParts& parts, const SListenerConfig& listener,
                                 CPacketHandlers& handlers)
    : m_parts(parts),
      m_limits(parts.config.limits),
      m_flood(parts.config.flood),
      m_runsInline(parts.config.business.mode == EBusinessMode::kThreads),
      m_saysGoAway(parts.config.protocol.goaway),
      m_idleRule(IdleRuleOf(parts.config.heartbeat, listener)),
      m_handlers(handlers) {}

SReading CPacketProtocol::Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now) {
  auto* p_partial = static_cast<SPartial*>(connection.read.p_input.get());
  CFrameDecoder& decoder = p_partial != nullptr ? p_partial->decoder : m_decoder;
  const CFrameDecoder::SCut cut = decoder.Feed(input, m_limits.packet_bytes);
  SReading reading;
  reading.hasFinished = cut.frames > 0;
  SFrames frames{cut.head, cut.rest};
  if (cut.frames > 0) {
    if (m_flood.enabled &&
        !connection.read.floodGuard.AdmitRead(cut.frames, m_parts.reading.CameSince(connection, now), now,
                                              m_parts.clock, m_flood.packets_per_second, m_flood.burst)) {
      m_parts.counters.Add(ECounter::kPacketsAccepted, cut.frames);
      m_parts.counters.Add(ECounter::kPacketsDiscarded, cut.frames);
      m_decoder.Clear();
      return {SReading::EThen::kEnd, EPhase::kFlushing, ECloseReason::kFlood, true};
    }
    Deliver(connection, frames, cut.frames);
  }
  if (cut.isBad) {
    m_decoder.Clear();
    // What came before it is answered; what comes after it can't be read.
    if (frames.IsEmpty()) {
      return {SReading::EThen::kEnd, EPhase::kDraining, ECloseReason::kBadLength, reading.hasFinished};
    }
    InputOf(connection).decoder.Clear();
  }
  if (!frames.IsEmpty()) {
    SPartial& partial = InputOf(connection);
    partial.waiting.assign(frames.head.begin(), frames.head.end());
    partial.waiting.insert(partial.waiting.end(), frames.rest.begin(), frames.rest.end());
    partial.isBadBehind = cut.isBad;
  } else if (decoder.HasPartial()) {
    InputOf(connection);
  } else if (p_partial != nullptr) {
    connection.read.p_input.reset();
  }
  reading.then = Then(connection);
  return reading;
}

SReading CPacketProtocol::Resume(CConnection& connection, MonotonicTime) {
  SReading reading;
  auto* const p_partial = static_cast<SPartial*>(connection.read.p_input.get());
  if (p_partial != nullptr && !p_partial->waiting.empty()) {
    SFrames frames{std::span(p_partial->waiting).subspan(p_partial->waitingAt), {}};
    Deliver(connection, frames, UINT32_MAX);
    p_partial->waitingAt = p_partial->waiting.size() - frames.head.size();
    if (frames.IsEmpty()) {
      if (p_partial->isBadBehind) return {SReading::EThen::kEnd, EPhase::kDraining, ECloseReason::kBadLength, true};
      p_partial->waiting = {};
      p_partial->waitingAt = 0;
      if (!p_partial->decoder.HasPartial()) connection.read.p_input.reset();
    }
  }
  reading.then = Then(connection);
  return reading;
}

CPacketProtocol::SPartial& CPacketProtocol::InputOf(CConnection& connection) {
  if (connection.read.p_input == nullptr) {
    auto p_new = std::make_unique<SPartial>(connection);
    p_new->decoder = std::exchange(m_decoder, {});
    connection.read.p_input = std::move(p_new);
  }
  return static_cast<SPartial&>(*connection.read.p_input);
}

SReading::EThen CPacketProtocol::Then(CConnection& connection) const {
  const auto* const p_partial = static_cast<const SPartial*>(connection.read.p_input.get());
  if (p_partial != nullptr && !p_partial->waiting.empty()) return SReading::EThen::kRest;
  if (m_parts.flowControl.ShouldRest(connection)) return SReading::EThen::kRest;
  return p_partial != nullptr ? SReading::EThen::kStarted : SReading::EThen::kWait;
}

void CPacketProtocol::Deliver(CConnection& connection, SFrames& frames, uint32_t count) {
  const bool mayRunInline = m_runsInline && connection.mailbox.IsIdle();
  if (!m_parts.business.HasRoomFor(connection.mailbox.Requests(), count)) {
    DeliverInPieces(connection, frames, count, mayRunInline);
    return;
  }
  CountEntered(count);
  if (mayRunInline && StartsInline(frames)) count -= RunInline(connection, frames);
  if (count > 0) PostFrames(connection, frames, count);
  frames = {};
}

void CPacketProtocol::DeliverInPieces(CConnection& connection, SFrames& frames, uint32_t count, bool mayRunInline) {
  while (!frames.IsEmpty()) {
    const CBusinessPool::SRoom room = m_parts.business.RoomFor(connection.mailbox.Requests(), count);
    // At its share, it waits; unless it has fallen below just now.
    if (room.queued + room.refused == 0 && m_parts.flowControl.ShouldRest(connection)) return;
    uint32_t taken = 0;
    if (mayRunInline) {
      // No more than may be queued, in case that one of them is deferred; counted before, in case that one is deadly.
      const uint32_t leading = LeadingInline(frames, std::max(room.queued, uint32_t{1}));
      SFrames inlines = frames.Take(leading, taken);
      CountEntered(leading);
      const uint32_t ended = leading > 0 ? RunInline(connection, inlines) : 0;
      if (ended < leading) PostFrames(connection, inlines, leading - ended);
      if (count != UINT32_MAX) count -= leading;
      mayRunInline = leading > 0 && connection.mailbox.IsIdle();
      continue;
    }
    const SFrames queued = frames.Take(room.queued, taken);
    if (taken > 0) {
      CountEntered(taken);
      PostFrames(connection, queued, taken);
    }
    if (count != UINT32_MAX) count -= taken;
    const SFrames refused = frames.Take(room.refused, taken);
    if (taken > 0) PostRefused(connection, refused, taken);
    if (count != UINT32_MAX) count -= taken;
  }
}

void CPacketProtocol::CountEntered(uint32_t packets) {
  m_parts.counters.Add(ECounter::kPacketsAccepted, packets);
  m_parts.counters.Add(ECounter::kPacketsEntered, packets);
}

CPacketProtocol::SFrames CPacketProtocol::SFrames::Take(uint32_t most, uint32_t& taken) {
  SFrames front;
  taken = 0;
  for (auto [p_from, p_to] : {std::pair(&head, &front.head), std::pair(&rest, &front.rest)}) {
    size_t bytes = 0;
    for (; taken < most && bytes < p_from->size(); ++taken) bytes += SFrame::BytesAt(p_from->data() + bytes);
    *p_to = p_from->first(bytes);
    *p_from = p_from->subspan(bytes);
  }
  return front;
}

uint32_t CPacketProtocol::LeadingInline(const SFrames& frames, uint32_t most) const {
  uint32_t leading = 0;
  for (std::span<const std::byte> part : {frames.head, frames.rest}) {
    for (; !part.empty(); ++leading) {
      const SFrame frame = SFrame::At(part.data());
      if (leading == most || !m_handlers.RunsInline(frame.msgCode)) return leading;
      part = part.subspan(frame.Bytes());
    }
  }
  return leading;
}

bool CPacketProtocol::StartsInline(const SFrames& frames) const {
  return m_handlers.RunsInline(SFrame::At(frames.head.empty() ? frames.rest.data() : frames.head.data()).msgCode);
}

uint32_t CPacketProtocol::RunInline(CConnection& connection, SFrames& frames) {
  CTurn& turn = m_parts.reading.turn;
  turn.Begin(connection);
  uint32_t ended = 0;
  for (std::span<const std::byte>* p_part : {&frames.head, &frames.rest}) {
    CFrameBatch batch(*p_part, UINT32_MAX);
    m_handlers.RunInline(turn, batch);
    ended += UINT32_MAX - batch.Quota();
    *p_part = batch.Rest();
    if (!p_part->empty()) break;
  }
  const bool isHeld = turn.IsHeld();
  turn.End();
  if (isHeld && connection.mailbox.Block()) m_parts.business.Push(connection);
  return ended;
}

void CPacketProtocol::PostFrames(CConnection& connection, const SFrames& frames, uint32_t count) {
  BlockPtr p_block = m_parts.buffers.Get(frames.head.size() + frames.rest.size());
  if (!frames.head.empty()) p_block->Append(frames.head);
  p_block->Append(frames.rest);
  Post(connection, std::move(p_block), count, 0);
}

void CPacketProtocol::PostRefused(CConnection& connection, const SFrames& frames, uint32_t count) {
  BlockPtr p_block = m_parts.buffers.Get(count * kHeaderBytes);
  p_block->SetMarked();
  for (std::span<const std::byte> part : {frames.head, frames.rest}) {
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
  m_parts.counters.Add(ECounter::kPacketsAccepted, count);
  m_parts.counters.Add(CounterOf(ERejectReason::kOverload), count);
  Post(connection, std::move(p_block), 0, count);
}

void CPacketProtocol::Post(CConnection& connection, BlockPtr p_block, uint32_t queued, uint32_t refused) {
  m_parts.business.CountQueued(queued, connection.mailbox.Charge(*p_block, queued + refused));
  if (connection.mailbox.Post(std::move(p_block))) m_parts.reading.runnable.PushBack(connection);
}

void CPacketProtocol::Run(CTurn& turn, BlockPtr& p_block, uint32_t& quota) {
  CFrameBatch batch(p_block->Unused(), quota);
  if (p_block->IsMarked()) {
    m_handlers.RefuseAll(turn, batch);
  } else {
    m_handlers.Run(turn, batch);
  }
  p_block->Consume(p_block->Unused().size() - batch.Rest().size());
  quota = batch.Quota();
}

bool CPacketProtocol::IsOverAtFarewell(CConnection& connection, const SFarewell& farewell) {
  if (!m_saysGoAway) return true;
  if (farewell.isMomentOver) return false;
  SGoAwayBody body;
  body.drain_ms = farewell.drainMs;
  body.reason = static_cast<uint16_t>(farewell.reason);
  CLonePacket packet(kGoAwayCode, std::as_bytes(std::span(&body, 1)));
  if (m_parts.sender.Write(connection, connection.Generation(), packet.Bytes(), m_parts.reading.turn.Tally())) {
    m_parts.counters.Add(ECounter::kPacketsPushed);
  }
  return false;
}

void CPacketProtocol::WritePush(std::byte* p_to, uint16_t msgCode, std::span<const std::byte> body) const {
  CFrameEncoder::WriteFrame(p_to, msgCode, body);
}

}  // namespace switchboard
