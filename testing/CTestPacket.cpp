#include "testing/CTestPacket.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "net/wire/Counters.h"
#include "net/wire/Wire.h"

namespace switchboard {

namespace {

constexpr size_t kShownBytes = 32;

std::string Shown(std::span<const std::byte> body) {
  std::string text = fmt::format("{} byte{}", body.size(), body.size() == 1 ? "" : "s");
  const std::span<const std::byte> shown = body.first(std::min(body.size(), kShownBytes));
  const char* p_between = ": ";
  for (const std::byte byte : shown) text += fmt::format("{}{:02x}", std::exchange(p_between, " "), byte);
  if (shown.size() < body.size()) text += " ...";
  const auto isPrintable = [](std::byte byte) { return byte >= std::byte{0x20} && byte < std::byte{0x7f}; };
  if (!shown.empty() && std::all_of(shown.begin(), shown.end(), isPrintable)) {
    text += fmt::format(" (\"{}\")", std::string_view(reinterpret_cast<const char*>(shown.data()), shown.size()));
  }
  return text;
}

std::optional<SRejectBody> RejectIn(const CTestPacket& packet) {
  if (!packet.IsReject()) return std::nullopt;
  SRejectBody body;
  std::memcpy(&body, packet.Body().data(), sizeof(body));
  return body;
}

}  // namespace

std::string CTestPacket::Text() const {
  if (IsReject()) throw CTestFailure("expected a text, got " + ToString());
  return {reinterpret_cast<const char*>(Body().data()), Body().size()};
}

bool CTestPacket::IsReject() const { return m_msgCode == kRejectCode && Body().size() == sizeof(SRejectBody); }

uint16_t CTestPacket::RejectedCode() const {
  const auto body = RejectIn(*this);
  return body ? uint16_t{body->msgCode} : uint16_t{0};
}

ERejectReason CTestPacket::Reason() const {
  const auto body = RejectIn(*this);
  return body ? static_cast<ERejectReason>(uint16_t{body->reason}) : ERejectReason::kNone;
}

std::string CTestPacket::ToString() const {
  if (IsReject()) {
    const ERejectReason reason = Reason();
    const std::string why = reason < ERejectReason::kCount ? std::string(switchboard::ToString(reason))
                                                           : std::to_string(static_cast<uint16_t>(reason));
    return fmt::format("a Reject of msgCode {}: {}", RejectedCode(), why);
  }
  return fmt::format("a packet of msgCode {} with {}", m_msgCode, Shown(Body()));
}

void CTestPacket::CheckSize(size_t bytes) const {
  // A Reject is no answer of that kind, however long that would be: its bytes would pass for one.
  if (IsReject() || Body().size() != bytes) {
    throw CTestFailure(fmt::format("expected a body of {} bytes, got {}", bytes, ToString()));
  }
}

}  // namespace switchboard
