#include "net/packet/CPacketProtocol.h"

#include <memory>
#include <utility>

#include "net/packet/CPacketWriter.h"

namespace switchboard {

namespace {

SIdleRule IdleRuleOf(const SHeartbeatConfig& config) {
  SIdleRule rule;
  if (config.enabled) rule.silence = config.interval * config.max_misses;
  return rule;
}

}  // namespace

CPacketProtocol::CPacketProtocol(const SProtocolParts& parts, CPacketHandlers& handlers)
    : m_parts(parts),
      m_limits(parts.config.limits),
      m_flood(parts.config.flood),
      m_runsInline(parts.config.business.mode == EBusinessMode::kThreads),
      m_saysGoAway(parts.config.protocol.goaway),
      m_idleRule(IdleRuleOf(parts.config.heartbeat)),
      m_handlers(handlers) {}

SReading CPacketProtocol::Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now) {
  auto* p_partial = static_cast<SPartial*>(connection.read.p_input.get());
  CFrameDecoder& decoder = p_partial != nullptr ? p_partial->decoder : m_decoder;
  const CFrameDecoder::SCut cut = decoder.Feed(input, m_limits.packet_bytes);
  SReading reading;
  reading.hasFinished = cut.frames > 0;
  if (cut.frames > 0) {
    m_parts.counters.Add(ECounter::kPacketsAccepted, cut.frames);
    if (m_flood.enabled &&
        !connection.read.floodGuard.Admit(cut.frames, now, m_flood.packets_per_second, m_flood.burst)) {
      m_parts.counters.Add(ECounter::kPacketsDiscarded, cut.frames);
      m_decoder.Clear();
      return {SReading::EThen::kEnd, EPhase::kFlushing, ECloseReason::kFlood, true};
    }
    Deliver(connection, cut);
  }
  if (cut.isBad) {
    // What came before it is answered; what comes after it can't be read.
    m_decoder.Clear();
    return {SReading::EThen::kEnd, EPhase::kDraining, ECloseReason::kBadLength, reading.hasFinished};
  }
  if (decoder.HasPartial()) {
    if (p_partial == nullptr) {
      auto p_new = std::make_unique<SPartial>(connection);
      p_new->decoder = std::exchange(m_decoder, {});
      connection.read.p_input = std::move(p_new);
    }
    reading.then = SReading::EThen::kStarted;
  } else if (p_partial != nullptr) {
    connection.read.p_input.reset();
  }
  if (m_parts.flowControl.ShouldRest(connection)) reading.then = SReading::EThen::kRest;
  return reading;
}

SReading CPacketProtocol::Resume(CConnection& connection, MonotonicTime) {
  SReading reading;
  if (connection.read.p_input != nullptr) reading.then = SReading::EThen::kStarted;
  return reading;
}

void CPacketProtocol::Deliver(CConnection& connection, const CFrameDecoder::SCut& cut) {
  m_parts.counters.Add(ECounter::kPacketsEntered, cut.frames);
  std::span<const std::byte> head = cut.head;
  std::span<const std::byte> rest = cut.rest;
  uint32_t frames = cut.frames;
  if (m_runsInline && connection.mailbox.IsIdle()) frames -= RunInline(connection, head, rest);
  if (frames > 0) PostBlock(connection, head, rest, frames);
}

uint32_t CPacketProtocol::RunInline(CConnection& connection, std::span<const std::byte>& head,
                                    std::span<const std::byte>& rest) {
  const SFrame first = SFrame::At(head.empty() ? rest.data() : head.data());
  if (!m_handlers.RunsInline(first.msgCode)) return 0;
  CTurn& turn = m_parts.reading.turn;
  turn.Begin(connection);
  uint32_t frames = 0;
  for (std::span<const std::byte>* p_part : {&head, &rest}) {
    CFrameBatch batch(*p_part, UINT32_MAX);
    m_handlers.RunInline(turn, batch);
    frames += UINT32_MAX - batch.Quota();
    *p_part = batch.Rest();
    if (!p_part->empty()) break;
  }
  const bool isHeld = turn.IsHeld();
  turn.End();
  if (isHeld && connection.mailbox.Block()) m_parts.business.Push(connection);
  return frames;
}

void CPacketProtocol::PostBlock(CConnection& connection, std::span<const std::byte> head,
                                std::span<const std::byte> rest, uint32_t frames) {
  BlockPtr p_block;
  if (m_parts.business.HasRoomFor(frames)) {
    p_block = m_parts.buffers.Get(head.size() + rest.size());
    if (!head.empty()) p_block->Append(head);
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
  m_parts.business.CountQueued(frames);
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
