#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/message/CBodyPattern.h"
#include "client-sim/message/CPendingRing.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {

enum class EVerdict : uint8_t {
  kRight,    // what the request asked for
  kRefused,  // a well-formed "no" that the request had to reckon with
  kWrong     // no answer to that request
};

// A body that was just written.
struct SBody {
  size_t bytes;
  uint32_t crc32;
};

// What the body of the right reply is, as far as it is known before.
struct SWantedBody {
  std::vector<std::byte> front;
  bool isWhole = false;  // nothing follows
};

// One kind of request: writes its bodies and knows the right answers.
// Threads: any; constant after construction.
class CMessage {
 public:
  CMessage(std::string name, uint16_t msgCode) : CMessage(std::move(name), msgCode, msgCode) {}
  CMessage(std::string name, uint16_t msgCode, uint16_t replyCode, bool isOneWay = false)
      : m_name(std::move(name)), m_msgCode(msgCode), m_replyCode(replyCode), m_isOneWay(isOneWay) {}
  virtual ~CMessage() = default;
  CMessage(const CMessage&) = delete;
  CMessage& operator=(const CMessage&) = delete;

  const std::string& Name() const { return m_name; }
  uint16_t MsgCode() const { return m_msgCode; }
  // Writes one frame; returns its bytes.
  size_t WriteFrame(SRequestId id, std::byte* p_frame) const;
  uint16_t ReplyCode() const { return m_replyCode; }
  // No answer comes, unless a Reject.
  bool IsOneWay() const { return m_isOneWay; }

  // Writes the body to `p_body`, where kMaxBodyBytes have room.
  virtual SBody WriteBody(SRequestId id, std::byte* p_body) const = 0;
  // The reason of the Reject that is the right answer, if one is.
  virtual std::optional<uint16_t> ExpectedReject() const { return std::nullopt; }
  // The right reply is the request itself, byte for byte.
  virtual bool IsMirrored() const { return false; }
  // Bytes of each of its frames; 0 if they differ.
  virtual size_t FixedFrameBytes() const { return 0; }
  // Writes the frames of `count` requests in a row, back to back. Only with FixedFrameBytes.
  virtual void WriteFrames(SRequestId first, size_t count, std::byte* p_frames) const;
  // `frame` is any frame that came from the server but a Reject, CRC unchecked.
  virtual EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const = 0;
  // The request that this reply names itself, if replies of this kind do.
  virtual std::optional<SRequestId> RequestOf(const SFrame&) const { return std::nullopt; }
  // For people, who are to see what is wrong about a reply. A mirrored message wants its own body.
  virtual SWantedBody WantedBody(SRequestId id) const;
  // How a frame differs from the right reply: what was got, and what was wanted.
  std::string Difference(SRequestId id, const SFrame& got) const;

 private:
  const std::string m_name;
  const uint16_t m_msgCode;
  const uint16_t m_replyCode;
  const bool m_isOneWay;
};

// True when the frame's CRC is that of its body.
bool IsIntact(const SFrame& frame);

}  // namespace switchboard::sim
