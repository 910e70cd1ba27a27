#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "net/packet/CPacketWriter.h"
#include "net/role/CProtocol.h"

namespace switchboard {

// One body in packets, encoded once for all receivers of one protocol.
// Threads: one.
class CCopies {
 public:
  CCopies(uint16_t msgCode, std::span<const std::byte> body) : m_msgCode(msgCode), m_body(body) {}

  // Empty when it can't be pushed by that protocol.
  std::span<const std::byte> For(const CProtocol& protocol) {
    if (&protocol == m_p_protocol) return m_packet ? m_packet->Bytes() : std::span<const std::byte>();
    m_p_protocol = &protocol;
    m_packet.reset();
    const size_t bytes = protocol.PushBytes(m_body.size());
    if (bytes == 0) return {};
    m_packet.emplace(bytes);
    protocol.WritePush(m_packet->Data(), m_msgCode, m_body);
    return m_packet->Bytes();
  }

 private:
  const uint16_t m_msgCode;
  const std::span<const std::byte> m_body;
  const CProtocol* m_p_protocol = nullptr;
  std::optional<CLonePacket> m_packet;
};

}  // namespace switchboard
