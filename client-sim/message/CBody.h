#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/message/CBodyPattern.h"

namespace switchboard::sim {

// The bodies of one kind of message.
// Threads: any; constant after construction.
class CBody {
 public:
  CBody() = default;
  virtual ~CBody() = default;
  CBody(const CBody&) = delete;
  CBody& operator=(const CBody&) = delete;

  // Writes the body of a request to `p_body`, where kMaxBodyBytes have room. Returns its size.
  virtual size_t Write(SRequestId id, std::byte* p_body) const = 0;
  virtual bool Is(SRequestId id, std::span<const std::byte> body) const = 0;
  // The request that a body names itself, if bodies of this kind do.
  virtual std::optional<SRequestId> RequestOf(std::span<const std::byte>) const { return std::nullopt; }
};

// Always the same bytes.
class CFixedBody : public CBody {
 public:
  // At most kMaxBodyBytes.
  explicit CFixedBody(std::vector<std::byte> bytes) : m_bytes(std::move(bytes)) {}
  size_t Write(SRequestId id, std::byte* p_body) const override;
  bool Is(SRequestId id, std::span<const std::byte> body) const override;

 private:
  const std::vector<std::byte> m_bytes;
};

// Bytes of the run's pattern, of sizes that vary from request to request.
class CPatternBody : public CBody {
 public:
  // `sizes` are chosen from evenly; it holds at least one, and none over kMaxBodyBytes.
  CPatternBody(const CBodyPattern& pattern, std::vector<uint16_t> sizes)
      : m_pattern(pattern), m_sizes(std::move(sizes)) {}
  size_t Write(SRequestId id, std::byte* p_body) const override;
  bool Is(SRequestId id, std::span<const std::byte> body) const override;
  std::optional<SRequestId> RequestOf(std::span<const std::byte> body) const override {
    return m_pattern.RequestOf(body);
  }

 private:
  size_t BytesOf(SRequestId id) const;

  const CBodyPattern& m_pattern;
  const std::vector<uint16_t> m_sizes;
};

// The bytes that "u32:7 i16:-1 str56:alice str:'to the end' hex:0aff" stands for: integers big-endian, strN padded with
// zeros to N bytes and shorter than that. Throws std::invalid_argument.
std::vector<std::byte> BytesOfFields(const std::string& text);
// "0a ff 00"; blanks don't matter. Throws std::invalid_argument.
std::vector<std::byte> BytesOfHex(const std::string& text);

}  // namespace switchboard::sim
