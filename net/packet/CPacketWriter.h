#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "net/role/CTurn.h"
#include "net/wire/CFrameEncoder.h"

namespace switchboard {

// Encodes what a server says in packets. Threads: any; a turn's own for what goes into it.
class CPacketWriter {
 public:
  // Gathers one packet. False when the body is over kMaxBodyBytes or the connection takes nothing any more.
  static bool Put(CTurn& turn, uint16_t msgCode, std::span<const std::byte> body) {
    if (body.size() > kMaxBodyBytes) return false;
    CFrameEncoder::WriteFrame(turn.Room(kHeaderBytes + body.size()), msgCode, body);
    return turn.Commit(kHeaderBytes + body.size());
  }
  // A packet made in place: room for a body of `bodyBytes` (at most kMaxBodyBytes), valid until the next call of any of
  // these; PutInPlace makes a packet of its first `bodyBytes`, which can't be more, and returns what Put does.
  static std::span<std::byte> Room(CTurn& turn, size_t bodyBytes) {
    return {turn.Room(kHeaderBytes + bodyBytes) + kHeaderBytes, bodyBytes};
  }
  static bool PutInPlace(CTurn& turn, uint16_t msgCode, size_t bodyBytes) {
    CFrameEncoder::WriteHeader(turn.Room(kHeaderBytes + bodyBytes), msgCode, bodyBytes);
    return turn.Commit(kHeaderBytes + bodyBytes);
  }
  // Gathers a Reject of a request. False as Put.
  static bool PutReject(CTurn& turn, uint16_t msgCode, uint16_t reason) {
    const SRejectBody body = RejectBody(msgCode, reason);
    return Put(turn, kRejectCode, std::as_bytes(std::span(&body, 1)));
  }
  static SRejectBody RejectBody(uint16_t msgCode, uint16_t reason) {
    SRejectBody body;
    body.msgCode = msgCode;
    body.reason = reason;
    return body;
  }
};

// One packet outside of a turn; a small one costs no allocation.
// Threads: one owner at a time.
class CLonePacket {
 public:
  // `bytes`: of the whole packet, whatever its format.
  explicit CLonePacket(size_t bytes) : m_bytes(bytes) {
    if (bytes > sizeof(m_small)) m_p_large = std::make_unique_for_overwrite<std::byte[]>(bytes);
  }
  // A packet of version 1.
  CLonePacket(uint16_t msgCode, std::span<const std::byte> body) : CLonePacket(kHeaderBytes + body.size()) {
    CFrameEncoder::WriteFrame(Data(), msgCode, body);
  }
  std::byte* Data() { return m_p_large != nullptr ? m_p_large.get() : m_small; }
  std::span<const std::byte> Bytes() { return {Data(), m_bytes}; }

 private:
  const size_t m_bytes;
  std::byte m_small[1024];
  std::unique_ptr<std::byte[]> m_p_large;
};

}  // namespace switchboard
