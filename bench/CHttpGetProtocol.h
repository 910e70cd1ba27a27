#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bench/CPeerProtocol.h"

namespace switchboard::bench {

// HTTP/1.1 on connections that stay open: GET /bench, a file of as many bytes 'x' as a body has. With a depth, requests
// are pipelined (RFC 9112, 9.3.2).
// Threads: one.
class CHttpGetProtocol final : public CPeerProtocol {
 public:
  explicit CHttpGetProtocol(size_t bodyBytes) : m_body(bodyBytes, std::byte{'x'}) {}

  void Ask(Bytes& out, uint64_t stamp) override;
  size_t TakeReply(std::span<const std::byte> input, uint64_t stamp) override;

 private:
  const Bytes m_body;
};

}  // namespace switchboard::bench
