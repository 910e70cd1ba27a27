#include "client-sim/message/CMessage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "client-sim/base/Text.h"
#include "misc/CCrc32.h"

namespace switchboard::sim {
namespace {

// The result of a Register or Login reply; nothing if the frame is no such reply.
std::optional<int32_t> ResultOf(const SFrame& frame, uint16_t msgCode) {
  if (frame.msgCode != msgCode || frame.body.size() != sizeof(SResultBody) || !IsIntact(frame)) return std::nullopt;
  SResultBody body;
  std::memcpy(&body, frame.body.data(), sizeof(body));
  return body.result;
}

template <typename Body>
SBody Copied(const Body& body, std::byte* p_body) {
  std::memcpy(p_body, &body, sizeof(body));
  return {sizeof(body), CCrc32::Of({p_body, sizeof(body)})};
}

SLoginBody AccountOf(const std::string& namePrefix, uint32_t connection) {
  SLoginBody account{};
  fmt::format_to_n(account.username, sizeof(account.username) - 1, "{}_{}", namePrefix, connection);
  fmt::format_to_n(account.password, sizeof(account.password) - 1, "secret of {}", connection);
  return account;
}

}  // namespace

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

EVerdict CPingMessage::Judge(SRequestId, const SPending&, const SFrame& frame) const {
  const bool isRight = frame.msgCode == kPingCode && frame.body.empty() && frame.crc32 == 0;
  return isRight ? EVerdict::kRight : EVerdict::kWrong;
}

void CEchoMessage::WriteFrames(SRequestId first, size_t count, std::byte* p_frames) const {
  if (m_bodyBytes < CBodyPattern::kPrefixBytes) return CMessage::WriteFrames(first, count, p_frames);
  SPacketHeader header;
  header.pkgLen = static_cast<uint16_t>(FixedFrameBytes());
  header.msgCode = MsgCode();
  uint32_t rowCrc = m_crc.OfRow(first);
  SRequestId id = first;
  for (const uint64_t end = first.sequence + count; id.sequence != end; ++id.sequence) {
    if ((id.sequence & 0xFF) == 0) rowCrc = m_crc.OfRow(id);
    header.crc32 = rowCrc ^ m_crc.OfLast(id);
    std::memcpy(p_frames, &header, kHeaderBytes);
    m_pattern.Write(id, {p_frames + kHeaderBytes, m_bodyBytes});
    p_frames += kHeaderBytes + m_bodyBytes;
  }
}

EVerdict CEchoMessage::Judge(SRequestId id, const SPending&, const SFrame& frame) const {
  // Equal bodies have equal CRCs: comparing with the CRC that was sent checks the reply's without computing it.
  const bool isRight = frame.msgCode == kEchoCode && frame.body.size() == m_bodyBytes && frame.crc32 == m_crc.Of(id) &&
                       m_pattern.Matches(id, frame.body);
  return isRight ? EVerdict::kRight : EVerdict::kWrong;
}

std::optional<SRequestId> CEchoMessage::RequestOf(const SFrame& frame) const {
  return frame.msgCode == kEchoCode ? m_pattern.RequestOf(frame.body) : std::nullopt;
}

SBody CRegisterMessage::WriteBody(SRequestId id, std::byte* p_body) const {
  SRegisterBody request{};
  request.type = 1;
  if (m_accounts == EAccounts::kOfTheConnection) {
    request.account = AccountOf(m_namePrefix, id.connection);
    return Copied(request, p_body);
  }
  fmt::format_to_n(request.account.username, sizeof(request.account.username) - 1, "{}_{}_{}", m_namePrefix,
                   id.connection, id.sequence);
  fmt::format_to_n(request.account.password, sizeof(request.account.password) - 1, "secret of {}", id.sequence);
  return Copied(request, p_body);
}

EVerdict CRegisterMessage::Judge(SRequestId, const SPending&, const SFrame& frame) const {
  const std::optional<int32_t> result = ResultOf(frame, kRegisterCode);
  if (!result) return EVerdict::kWrong;
  return *result == 0 ? EVerdict::kRight : EVerdict::kRefused;
}

SBody CLoginMessage::WriteBody(SRequestId id, std::byte* p_body) const {
  return Copied(m_accounts[id.connection % m_accounts.size()], p_body);
}

EVerdict CLoginMessage::Judge(SRequestId, const SPending&, const SFrame& frame) const {
  return ResultOf(frame, kLoginCode) == 0 ? EVerdict::kRight : EVerdict::kWrong;
}

SWantedBody CLoginMessage::WantedBody(SRequestId) const { return {std::vector<std::byte>(sizeof(SResultBody)), true}; }

SBody COwnLoginMessage::WriteBody(SRequestId id, std::byte* p_body) const {
  return Copied(AccountOf(m_namePrefix, id.connection), p_body);
}

EVerdict COwnLoginMessage::Judge(SRequestId, const SPending&, const SFrame& frame) const {
  return ResultOf(frame, kLoginCode) == 0 ? EVerdict::kRight : EVerdict::kWrong;
}

SWantedBody COwnLoginMessage::WantedBody(SRequestId) const {
  return {std::vector<std::byte>(sizeof(SResultBody)), true};
}

}  // namespace switchboard::sim
