#include "client-sim/client/CConversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "misc/CCrc32.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {

void CConversation::Issue(uint8_t message, MonotonicTime start, CSendBuffer& out) {
  const CMessage& kind = m_workload.At(message);
  const size_t frameBytes = kind.WriteFrame({m_connection, m_pending.Next()}, out.Room());
  out.Commit(frameBytes);
  m_ledger.Count(ECount::kSent);
  if (kind.IsOneWay()) return m_ledger.Count(ECount::kOneWay);
  m_pending.Push({start, static_cast<uint32_t>(frameBytes), message, kind.IsMirrored()});
  ++m_outstanding;
}

size_t CConversation::IssueRun(uint8_t message, MonotonicTime start, size_t count, CSendBuffer& out) {
  const CMessage& kind = m_workload.At(message);
  const size_t frameBytes = kind.FixedFrameBytes();
  if (frameBytes == 0 || kind.IsOneWay()) {
    Issue(message, start, out);
    return 1;
  }
  count = std::min(count, out.RoomFor(frameBytes));
  kind.WriteFrames({m_connection, m_pending.Next()}, count, out.Room());
  out.Commit(count * frameBytes);
  m_ledger.Count(ECount::kSent, count);
  m_pending.PushAll({start, static_cast<uint32_t>(frameBytes), message, kind.IsMirrored()}, count);
  m_outstanding += count;
  return count;
}

CConversation::SEaten CConversation::OnBytes(std::span<const std::byte> bytes, MonotonicTime now) {
  SEaten eaten{m_isSentKnown ? TakeMirrored(bytes, now) : 0, false};
  while (bytes.size() - eaten.bytes >= sizeof(SPacketHeader::pkgLen)) {
    const std::byte* p_frame = bytes.data() + eaten.bytes;
    const size_t frameBytes = SFrame::BytesAt(p_frame);
    eaten.isBad = frameBytes < kHeaderBytes;
    if (eaten.isBad || frameBytes > bytes.size() - eaten.bytes) break;
    const SFrame frame = SFrame::At(p_frame);
    // With a request that was overtaken at the front, a reply must be looked up.
    const bool isInOrder = m_outstanding != 0 && m_pending.Size() == m_outstanding;
    if (isInOrder && JudgeAt(m_pending.First(), frame) == EVerdict::kRight) {
      AnswerRight(m_pending.First(), now);
    } else {
      OnOddFrame(frame, now);
    }
    eaten.bytes += frameBytes;
  }
  FlushRun();
  return eaten;
}

size_t CConversation::TakeMirrored(std::span<const std::byte> bytes, MonotonicTime now) {
  if (!m_sent.BeginsLike(bytes)) return 0;
  const size_t common = std::min(bytes.size(), m_sent.Size());
  size_t taken = 0;
  for (; m_outstanding != 0; --m_outstanding) {
    const SPending& pending = m_pending.At(m_pending.First());
    if (taken + pending.frameBytes > common || !pending.isMirrored) break;
    taken += pending.frameBytes;
    AddToRun(pending.start, now);
    m_pending.PopFront();
  }
  m_sent.Drop(taken);
  return taken;
}

void CConversation::FlushRun() {
  if (m_runReplies == 0) return;
  m_latencies.Record(m_runLatency, m_runReplies);
  m_ledger.Count(ECount::kReplied, m_runReplies);
  m_runReplies = 0;
}

template <typename How>
void CConversation::Mismatch(uint64_t sequence, How how) {
  const CMessage& kind = m_workload.At(m_pending.At(sequence).message);
  Fault(ECount::kMismatched, [&] { return fmt::format("{} {}: {}", kind.Name(), sequence, how(sequence)); });
  Settle(sequence);
}

void CConversation::Mismatch(uint64_t sequence, const SFrame& got) {
  Mismatch(sequence, [&](uint64_t number) {
    return m_workload.At(m_pending.At(number).message).Difference({m_connection, number}, got);
  });
}

template <typename Describe>
void CConversation::Fault(ECount what, Describe describe) {
  m_ledger.CountFault(what,
                      [&] { return fmt::format("{}: connection {}, {}", ToString(what), m_connection, describe()); });
}

void CConversation::AbandonAs(ECount what, std::string_view why) {
  for (uint64_t sequence = m_pending.First(); sequence != m_pending.Next(); ++sequence) {
    if (m_pending.At(sequence).isAnswered) continue;
    const CMessage& kind = m_workload.At(m_pending.At(sequence).message);
    Fault(what, [&] { return fmt::format("{} {}, {}", kind.Name(), sequence, why); });
  }
  ForgetAll();
}

void CConversation::ForgetAll() {
  m_pending.Clear();
  m_outstanding = 0;
  m_sent.Clear();
  m_isSentKnown = m_hasMirrors;
}

void CConversation::CutOff(std::string_view why, bool isExpected) {
  if (!isExpected) return AbandonAs(ECount::kInFlightAtReset, why);
  m_ledger.Count(ECount::kInFlightAtReset, m_outstanding);
  ForgetAll();
}

void CConversation::OnOddFrame(const SFrame& frame, MonotonicTime now) {
  if (frame.msgCode == kGoAwayCode) {
    m_ledger.Count(ECount::kGoAways);
    m_hasGoAway = true;
    return;
  }
  if (!IsIntact(frame)) {
    if (m_outstanding == 0) {
      return Fault(ECount::kUnasked, [] { return std::string("a frame with a wrong CRC that nobody asked for"); });
    }
    return Mismatch(FirstWithReplyCode(frame.msgCode).value_or(Head()), [&](uint64_t) {
      return fmt::format("wrong CRC: got {:#010x}, wanted {:#010x} for the {} bytes that came", frame.crc32,
                         CCrc32::Of(frame.body), frame.body.size());
    });
  }
  if (m_workload.IsPush(frame.msgCode)) return m_ledger.Count(ECount::kPushes);
  if (frame.msgCode == kRejectCode) return OnReject(frame, now);
  if (const std::optional<SRequestId> id = RequestOf(frame)) return OnNamed(*id, frame, now);
  if (const std::optional<uint64_t> fits = FirstThatFits(frame)) {
    return Answer(*fits, JudgeAt(*fits, frame), frame, now);
  }
  if (const std::optional<uint64_t> same = FirstWithReplyCode(frame.msgCode)) return Mismatch(*same, frame);
  const auto text = [&] {
    return fmt::format("a reply of code {} with {} bytes that no open request asked for", frame.msgCode,
                       frame.body.size());
  };
  if (m_workload.HasReplyCode(frame.msgCode)) return Fault(ECount::kDuplicated, text);
  if (m_outstanding == 0) return Fault(ECount::kUnasked, text);
  Mismatch(Head(), frame);
}

void CConversation::OnReject(const SFrame& frame, MonotonicTime now) {
  if (frame.body.size() != sizeof(SRejectBody)) {
    return Fault(ECount::kUnasked, [&] {
      return fmt::format("a Reject of {} bytes, wanted {}", frame.body.size(), sizeof(SRejectBody));
    });
  }
  SRejectBody body;
  std::memcpy(&body, frame.body.data(), sizeof(body));
  const std::optional<uint64_t> sequence = FirstWithCode(body.msgCode);
  if (!sequence) {
    if (m_workload.HasOneWay(body.msgCode)) return m_ledger.RejectOneWay(body.reason);
    return Fault(ECount::kUnasked, [&] {
      return fmt::format("a Reject, reason {}, of code {} that isn't open", body.reason.value(), body.msgCode.value());
    });
  }
  const std::optional<uint16_t> expected = m_workload.At(m_pending.At(*sequence).message).ExpectedReject();
  if (expected == body.reason) return AnswerRight(*sequence, now);
  if (expected) {
    return Mismatch(*sequence, [&](uint64_t) {
      return fmt::format("got a Reject with reason {}, wanted one with reason {}", body.reason.value(), *expected);
    });
  }
  m_ledger.CountReject(body.reason);
  Settle(*sequence);
}

void CConversation::OnNamed(SRequestId id, const SFrame& frame, MonotonicTime now) {
  if (id.connection != m_connection) {
    return Fault(ECount::kUnasked,
                 [&] { return fmt::format("reply {} of connection {}", id.sequence, id.connection); });
  }
  if (id.sequence >= m_pending.Next()) {
    const auto text = [&] { return fmt::format("a reply that names request {}, not sent yet", id.sequence); };
    return m_outstanding == 0 ? Fault(ECount::kUnasked, text) : Mismatch(Head(), [&](uint64_t) { return text(); });
  }
  if (id.sequence < m_pending.First() || m_pending.At(id.sequence).isAnswered) {
    return Fault(ECount::kDuplicated, [&] { return fmt::format("another reply to request {}", id.sequence); });
  }
  Answer(id.sequence, JudgeAt(id.sequence, frame), frame, now);
}

void CConversation::Answer(uint64_t sequence, EVerdict verdict, const SFrame& frame, MonotonicTime now) {
  if (verdict == EVerdict::kWrong) return Mismatch(sequence, frame);
  if (verdict == EVerdict::kRefused) m_ledger.Count(ECount::kRefused);
  AnswerRight(sequence, now);
}

void CConversation::LoseFirst() {
  const uint64_t sequence = m_pending.First();
  const CMessage& kind = m_workload.At(m_pending.At(sequence).message);
  Fault(ECount::kLost,
        [&] { return fmt::format("{} {} lost: overtaken by {} replies", kind.Name(), sequence, kMaxOvertakes); });
  Settle(sequence);
}

std::optional<SRequestId> CConversation::RequestOf(const SFrame& frame) const {
  for (size_t i = 0; i < m_workload.Size(); ++i) {
    if (const auto id = m_workload.At(i).RequestOf(frame)) return id;
  }
  return std::nullopt;
}

template <typename Property>
std::optional<uint64_t> CConversation::FirstWhere(Property property) {
  uint64_t firstBehind = m_pending.First();  // the last answered one
  for (uint64_t sequence = m_pending.First(); sequence != m_pending.Next(); ++sequence) {
    if (m_pending.At(sequence).isAnswered) firstBehind = sequence + 1;
  }
  for (uint64_t sequence = firstBehind; sequence != m_pending.Next(); ++sequence) {
    if (property(sequence)) return sequence;
  }
  for (uint64_t sequence = m_pending.First(); sequence != firstBehind; ++sequence) {
    if (!m_pending.At(sequence).isAnswered && property(sequence)) return sequence;
  }
  return std::nullopt;
}

std::optional<uint64_t> CConversation::FirstWithCode(uint16_t msgCode) {
  return FirstWhere(
      [&](uint64_t sequence) { return m_workload.At(m_pending.At(sequence).message).MsgCode() == msgCode; });
}

std::optional<uint64_t> CConversation::FirstWithReplyCode(uint16_t msgCode) {
  return FirstWhere(
      [&](uint64_t sequence) { return m_workload.At(m_pending.At(sequence).message).ReplyCode() == msgCode; });
}

std::optional<uint64_t> CConversation::FirstThatFits(const SFrame& frame) {
  return FirstWhere([&](uint64_t sequence) { return JudgeAt(sequence, frame) != EVerdict::kWrong; });
}

bool CConversation::WasOvertaken(uint64_t sequence) {
  for (uint64_t later = sequence + 1; later < m_pending.Next(); ++later) {
    if (m_pending.At(later).isAnswered) return true;
  }
  return false;
}

void CConversation::CountReordered(uint64_t sequence) {
  Fault(ECount::kReordered, [&] { return fmt::format("request {} was answered after a later one", sequence); });
}

}  // namespace switchboard::sim
