#include "client-sim/message/CMessage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "client-sim/base/Text.h"
#include "misc/CCrc32.h"

namespace switchboard::sim {
bool IsIntact(const SFrame& frame) { return CCrc32::Of(frame.body) == frame.crc32; }

size_t CMessage::WriteFrame(SRequestId id, std::byte* p_frame) const {
  const SBody body = WriteBody(id, p_frame + kHeaderBytes);
  SPacketHeader header;
  header.pkgLen = static_cast<uint16_t>(kHeaderBytes + body.bytes);
  header.msgCode = m_msgCode;
  header.crc32 = body.crc32;
  std::memcpy(p_frame, &header, kHeaderBytes);
  return kHeaderBytes + body.bytes;
}

void CMessage::WriteFrames(SRequestId first, size_t count, std::byte* p_frames) const {
  for (; count != 0; --count, ++first.sequence) p_frames += WriteFrame(first, p_frames);
}

SWantedBody CMessage::WantedBody(SRequestId id) const {
  if (!IsMirrored()) return {};
  SWantedBody wanted{std::vector<std::byte>(kMaxBodyBytes), true};
  wanted.front.resize(WriteBody(id, wanted.front.data()).bytes);
  return wanted;
}

std::string CMessage::Difference(SRequestId id, const SFrame& got) const {
  if (const auto reason = ExpectedReject()) {
    return fmt::format("got code {} with {} bytes, wanted a Reject with reason {}", got.msgCode, got.body.size(),
                       *reason);
  }
  if (got.msgCode != m_replyCode) {
    return fmt::format("got code {} with {} bytes, wanted code {}", got.msgCode, got.body.size(), m_replyCode);
  }
  const SWantedBody wanted = WantedBody(id);
  const std::span<const std::byte> front = wanted.front;
  const size_t common = std::min(front.size(), got.body.size());
  const auto at = static_cast<size_t>(
      std::mismatch(front.begin(), front.begin() + static_cast<ptrdiff_t>(common), got.body.begin()).first -
      front.begin());
  std::string text = fmt::format("got {} bytes", got.body.size());
  if (wanted.isWhole) text += fmt::format(", wanted {}", front.size());
  if (at == front.size()) return text;
  return text +
         fmt::format("; from byte {} got {}, wanted {}", at, HexOf(got.body.subspan(at)), HexOf(front.subspan(at)));
}

}  // namespace switchboard::sim
