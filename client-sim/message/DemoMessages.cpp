#include "client-sim/message/DemoMessages.h"

#include <fmt/format.h>

#include <cstring>

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
