#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client-sim/base/CHistogram.h"
#include "client-sim/base/CSendBuffer.h"
#include "client-sim/base/CSentBytes.h"
#include "client-sim/client/CLedger.h"
#include "client-sim/message/CPendingRing.h"
#include "client-sim/scenario/CWorkload.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// The requests of one connection and the judgement over their replies; knows no socket and no clock.
// Replies are due in the order of the requests, as the header carries no request id. A reply that doesn't fit the
// oldest request is looked up by the request it names, or else by its code; the request that it overtook counts as
// reordered if its own reply still comes, and as lost if not.
// Threads: one.
class CConversation {
 public:
  // A request that this many later ones have overtaken is lost.
  static constexpr size_t kMaxOvertakes = 1024;

  // `workload` is complete.
  CConversation(uint32_t connection, const CWorkload& workload, CLedger& ledger, CHistogram& latencies)
      : m_connection(connection),
        m_workload(workload),
        m_ledger(ledger),
        m_latencies(latencies),
        m_hasMirrors(workload.HasMirrors()),
        m_isSentKnown(m_hasMirrors) {}

  // Appends the frame of the next request, of kind `message`, to `out`. Its latency counts from `start`.
  void Issue(uint8_t message, MonotonicTime start, CSendBuffer& out);
  // The same for up to `count` requests of one kind. Returns how many there was room for, at least one.
  size_t IssueRun(uint8_t message, MonotonicTime start, size_t count, CSendBuffer& out);
  // Those are the frames of the last Issues, in order: keeps a copy to compare replies with. For speed alone.
  void Remember(std::span<const std::byte> frames) {
    if (m_isSentKnown) m_isSentKnown = m_sent.Append(frames);
  }
  struct SEaten {
    size_t bytes;  // whole frames, judged; what follows is the beginning of the next one
    bool isBad;    // an impossible pkgLen follows: nothing after it can be read
  };
  // Judges the whole frames at the front of `bytes`, which arrived from the server together.
  SEaten OnBytes(std::span<const std::byte> bytes, MonotonicTime now);
  // Whatever is unanswered is lost. `why` goes into the list of offenders.
  void Abandon(std::string_view why) { AbandonAs(ECount::kLost, why); }
  // Whatever is unanswered was in flight when the connection ended; if that is expected, nobody is an offender.
  void CutOff(std::string_view why, bool isExpected);

  size_t Outstanding() const { return m_outstanding; }
  uint32_t Connection() const { return m_connection; }
  // The server asked to go away since the last ForgetGoAway.
  bool HasGoAway() const { return m_hasGoAway; }
  void ForgetGoAway() { m_hasGoAway = false; }

 private:
  EVerdict JudgeAt(uint64_t sequence, const SFrame& frame) {
    const SPending& pending = m_pending.At(sequence);
    return m_workload.At(pending.message).Judge({m_connection, sequence}, pending, frame);
  }
  void AnswerRight(uint64_t sequence, MonotonicTime now) {
    AddToRun(m_pending.At(sequence).start, now);
    if (m_pending.Size() != m_outstanding && WasOvertaken(sequence)) CountReordered(sequence);
    Settle(sequence);
  }
  void AddToRun(MonotonicTime start, MonotonicTime now) {
    const Nanoseconds latency = now - start;
    if (latency != m_runLatency) FlushRun();
    m_runLatency = latency;
    ++m_runReplies;
  }
  // Takes an answered request out of the books.
  void Settle(uint64_t sequence) {
    if (m_isSentKnown && sequence == m_pending.First() && m_sent.Size() != 0) {
      m_sent.Drop(m_pending.At(sequence).frameBytes);
    } else {
      ForgetSent();
    }
    m_pending.At(sequence).isAnswered = true;
    --m_outstanding;
    while (!m_pending.IsEmpty() && m_pending.At(m_pending.First()).isAnswered) m_pending.PopFront();
    if (m_pending.Size() > m_outstanding + kMaxOvertakes) LoseFirst();
    if (m_outstanding == 0) m_isSentKnown = m_hasMirrors;
  }
  // Until nothing is in flight, replies are looked at one by one.
  void ForgetSent() {
    m_sent.Clear();
    m_isSentKnown = false;
  }

  // Judges the mirrored replies at the front of `bytes` together. Returns how many bytes they have.
  size_t TakeMirrored(std::span<const std::byte> bytes, MonotonicTime now);
  // Books the replies of the current run.
  void FlushRun();
  void OnOddFrame(const SFrame& frame, MonotonicTime now);
  void OnReject(const SFrame& frame, MonotonicTime now);
  void OnNamed(SRequestId id, const SFrame& frame, MonotonicTime now);
  void Answer(uint64_t sequence, EVerdict verdict, const SFrame& frame, MonotonicTime now);
  void ForgetAll();
  void AbandonAs(ECount what, std::string_view why);
  // `how(sequence)` tells in words what was got and what was wanted; `describe()` the whole of a fault.
  template <typename How>
  void Mismatch(uint64_t sequence, How how);
  void Mismatch(uint64_t sequence, const SFrame& got);
  template <typename Describe>
  void Fault(ECount what, Describe describe);
  void LoseFirst();

  std::optional<SRequestId> RequestOf(const SFrame& frame) const;
  // The oldest open request with a property; one that was overtaken only if no other has it: more often than a reply is
  // late, it is lost.
  template <typename Property>
  std::optional<uint64_t> FirstWhere(Property property);
  std::optional<uint64_t> FirstWithCode(uint16_t msgCode);
  std::optional<uint64_t> FirstWithReplyCode(uint16_t msgCode);
  std::optional<uint64_t> FirstThatFits(const SFrame& frame);
  // A later request has its answer already.
  bool WasOvertaken(uint64_t sequence);
  void CountReordered(uint64_t sequence);
  // The oldest unanswered request; only if there is one.
  uint64_t Head() const { return m_pending.First(); }

  const uint32_t m_connection;
  bool m_hasGoAway = false;
  const CWorkload& m_workload;
  CLedger& m_ledger;
  CHistogram& m_latencies;
  const bool m_hasMirrors;
  bool m_isSentKnown;
  CPendingRing m_pending;
  CSentBytes m_sent;         // the frames of m_pending, while m_isSentKnown
  size_t m_outstanding = 0;  // unanswered ones in m_pending; the first one there always is
  // Right replies in a row with one and the same latency, as pipelined ones have: booked together. Empty between reads.
  Nanoseconds m_runLatency{};
  uint64_t m_runReplies = 0;
};

}  // namespace switchboard::sim
