#include "client-sim/record/CReplyDiff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "client-sim/base/Text.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {
namespace {

using Frame = std::span<const std::byte>;

std::string Describe(Frame frame) {
  const SFrame parts = SFrame::At(frame.data());
  return fmt::format("msgCode {}, {} bytes of body", parts.msgCode, frame.size() - kHeaderBytes);
}

// How the second frame differs from the first.
std::string Difference(Frame recorded, Frame received) {
  const SFrame was = SFrame::At(recorded.data());
  const SFrame is = SFrame::At(received.data());
  if (was.msgCode != is.msgCode || recorded.size() != received.size()) {
    return fmt::format("recorded {}; received {}", Describe(recorded), Describe(received));
  }
  const Frame before = recorded.subspan(kHeaderBytes);
  const Frame now = received.subspan(kHeaderBytes);
  const auto at = static_cast<size_t>(std::mismatch(before.begin(), before.end(), now.begin()).first - before.begin());
  if (at == before.size()) return fmt::format("msgCode {}: the CRC is another one, of the same body", was.msgCode);
  return fmt::format("msgCode {}: from byte {} of the body, recorded {}, received {}", was.msgCode, at,
                     HexOf(before.subspan(at)), HexOf(now.subspan(at)));
}

}  // namespace

void CReplyDiff::OnReply(Frame frame) {
  if (!CRecording::IsReply(frame)) return;
  const size_t last = std::min(m_recorded.replies.size(), m_next + 1 + kLookAhead);
  size_t fit = m_next;
  while (fit < last && !IsEqual(fit, frame)) ++fit;
  if (fit < last) {
    Miss(fit, "was left out");
    ++m_tally.equal;
    m_next = fit + 1;
    return;
  }
  const bool isRepeated = m_next > 0 && IsEqual(m_next - 1, frame);
  if (isRepeated || m_next == m_recorded.replies.size()) {
    ++m_tally.unexpected;
    m_tally.AddOffender(fmt::format("{}: one too many: {}", Who(m_next), Describe(frame)));
    return;
  }
  ++m_tally.different;
  m_tally.AddOffender(fmt::format("{}: {}", Who(m_next), Difference(m_recorded.replies[m_next], frame)));
  ++m_next;
}

void CReplyDiff::Finish(const std::string& why) { Miss(m_recorded.replies.size(), why); }

bool CReplyDiff::IsEqual(size_t index, Frame frame) const {
  const Frame recorded = m_recorded.replies[index];
  if (recorded.size() == frame.size() && std::memcmp(recorded.data(), frame.data(), frame.size()) == 0) return true;
  const uint16_t msgCode = SFrame::At(frame.data()).msgCode;
  return m_ignored.contains(msgCode) && SFrame::At(recorded.data()).msgCode == msgCode;
}

void CReplyDiff::Miss(size_t end, const std::string& why) {
  if (m_next >= end) return;
  m_tally.missing += end - m_next;
  const std::string more = end - m_next > 1 ? fmt::format(", and {} more", end - m_next - 1) : "";
  m_tally.AddOffender(
      fmt::format("{}: missing: {}{} ({})", Who(m_next), Describe(m_recorded.replies[m_next]), more, why));
  m_next = end;
}

std::string CReplyDiff::Who(size_t index) const {
  return fmt::format("connection {}, reply {}", m_recorded.number, index);
}

}  // namespace switchboard::sim
