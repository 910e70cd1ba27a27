#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

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
  CPacketProtocol(const SProtocolParts& parts, CPacketHandlers& handlers);

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
  // A started packet.
  struct SPartial final : CInput {
    using CInput::CInput;
    CFrameDecoder decoder;
  };

  void Deliver(CConnection& connection, const CFrameDecoder::SCut& cut);
  // Runs the leading inline packets of `head` and `rest`, and takes them off; returns how many.
  uint32_t RunInline(CConnection& connection, std::span<const std::byte>& head, std::span<const std::byte>& rest);
  void PostBlock(CConnection& connection, std::span<const std::byte> head, std::span<const std::byte> rest,
                 uint32_t frames);

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
