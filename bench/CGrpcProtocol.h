#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bench/CPeerProtocol.h"

namespace switchboard::bench {

// gRPC's unary call of bench/echo.proto, over HTTP/2 without TLS (RFC 9113, RFC 7541, and gRPC's PROTOCOL-HTTP2.md).
// The headers of a connection's first call enter the server's table, and later calls refer to them, as gRPC's own
// clients do. Each message that comes back is compared with that of its call.
// Threads: one.
class CGrpcProtocol final : public CPeerProtocol {
 public:
  // Throws std::invalid_argument for a body of more than 100 bytes, whose lengths need more than a byte.
  explicit CGrpcProtocol(size_t bodyBytes);

  Bytes Hello() const override;
  size_t WelcomeBytes(std::span<const std::byte> input) const override;
  void Ask(Bytes& out, uint64_t stamp) override;
  size_t TakeReply(std::span<const std::byte> input, uint64_t stamp) override;
  // Settings and pings that the server sends of its own.
  bool HasUnasked() const override { return true; }

 private:
  struct SFrameAt;

  // Throws CWrongReply unless the frame's payload is the message of the call that the stream belongs to.
  void CheckMessage(const SFrameAt& frame, uint64_t stamp);

  Bytes m_message;  // gRPC's prefix and the protobuf message
  Bytes m_answers;  // to pings, for the next Ask
};

}  // namespace switchboard::bench
