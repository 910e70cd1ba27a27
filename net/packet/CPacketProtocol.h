#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/packet/CPacketHandlers.h"
#include "net/role/CProtocol.h"
#include "net/role/SReadParts.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard {

// The packet protocol, version 1: docs/PROTOCOL.md. Packets of a connection are handled in their order; inline ones by
// sb-io while nothing of the connection waits, the others by the pool; behind a deferred one the others wait.
// Threads: as CProtocol.
class CPacketProtocol final : public CProtocol {
 public:
  CPacketProtocol(const SProtocolParts& parts, const SListenerConfig& listener, CPacketHandlers& handlers);

  bool HasOpening() const override { return true; }
  SReading Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now) override;
  SReading Resume(CConnection& connection, MonotonicTime now) override;
  void OnOverdue(CConnection&) override {}
  void BeginDrain() override {}
  bool IsOverAtFarewell(CConnection& connection, const SFarewell& farewell) override;
  bool HasEnd(const CConnection&) const override { return true; }

  void OnOpening(CTurn& turn) override { m_handlers.OnOpening(turn); }
  void Run(CTurn& turn, BlockPtr& p_block, uint32_t& quota) override;
  void OnEnd(CTurn& turn) override { m_handlers.OnEnd(turn); }
  bool HoldsBehindDeferred() const override { return true; }

  size_t PushBytes(size_t bodyBytes) const override {
    return bodyBytes <= kMaxBodyBytes ? kHeaderBytes + bodyBytes : 0;
  }
  void WritePush(std::byte* p_to, uint16_t msgCode, std::span<const std::byte> body) const override;
  const SIdleRule& IdleRule() const override { return m_idleRule; }

 private:
  // A started packet, and whole ones before it that have to wait because the connection is at its share. It holds what
  // has arrived, never what a header claims.
  struct SPartial final : CInput {
    using CInput::CInput;
    size_t HeldBytes() const override { return sizeof(*this) + decoder.PartialCapacity() + waiting.capacity(); }

    CFrameDecoder decoder;
    std::vector<std::byte> waiting;  // from waitingAt on
    size_t waitingAt = 0;
    bool isBadBehind = false;  // a bad length follows what waits
  };
  // Whole packets, in two pieces one behind the other.
  struct SFrames {
    bool IsEmpty() const { return head.empty() && rest.empty(); }
    // Takes up to `most` packets off the front; `taken` is how many.
    SFrames Take(uint32_t most, uint32_t& taken);

    std::span<const std::byte> head;
    std::span<const std::byte> rest;
  };

  // The connection's, made if there is none.
  SPartial& InputOf(CConnection& connection);
  // Says how reading goes on.
  SReading::EThen Then(CConnection& connection) const;
  // Runs, posts or refuses packets until none is left or the connection is to rest. `count`: how many there are, or
  // UINT32_MAX when that isn't known.
  void Deliver(CConnection& connection, SFrames& frames, uint32_t count);
  void DeliverInPieces(CConnection& connection, SFrames& frames, uint32_t count, bool mayRunInline);
  void CountEntered(uint32_t packets);
  // How many packets at the front are for sb-io, up to `most`.
  uint32_t LeadingInline(const SFrames& frames, uint32_t most) const;
  // Whether the first packet is for sb-io.
  bool StartsInline(const SFrames& frames) const;
  // Runs the leading inline packets, and takes them off; returns how many.
  uint32_t RunInline(CConnection& connection, SFrames& frames);
  // Posts `frames`, which are `count`.
  void PostFrames(CConnection& connection, const SFrames& frames, uint32_t count);
  // They were refused, but are answered in their turn, so that answers stay in order: their headers wait in their
  // place.
  void PostRefused(CConnection& connection, const SFrames& frames, uint32_t count);
  void Post(CConnection& connection, BlockPtr p_block, uint32_t queued, uint32_t refused);

  const SProtocolParts m_parts;
  const SLimitsConfig m_limits;
  const SFloodConfig m_flood;
  const bool m_runsInline;  // in a process pool everything runs on its one business thread
  const bool m_saysGoAway;
  const SIdleRule m_idleRule;
  CPacketHandlers& m_handlers;
  CFrameDecoder m_decoder;  // of connections without a started packet
};

}  // namespace switchboard
