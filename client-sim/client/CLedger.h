#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace switchboard::sim {

// What the ledger counts. A request ends in exactly one of replied, rejected, one-way, mismatched, lost, cut off:
// sent = replied + rejected + one-way + mismatched + lost + in flight at a reset + in flight now.
enum class ECount : uint8_t {
  kSent,
  kReplied,          // answered as it should be
  kRejected,         // answered by a Reject; the reasons are counted besides
  kOneWay,           // asked for no answer, and was not rejected
  kMismatched,       // answered by the wrong bytes, the wrong code or a wrong CRC
  kLost,             // never answered, though its connection lived
  kInFlightAtReset,  // never answered, as the server closed or reset the connection
  kDuplicated,       // an answer too many
  kReordered,        // answered, but after a later request of the same connection; also in kReplied
  kUnasked,          // a frame that answers no request of its connection
  kRefused,          // answered with a business result other than 0; also in kReplied
  kPushes,           // frames that the server sent of its own, as the scenario says it may
  kUnsent,           // due by the schedule, but never sent; not in kSent
  kGoAways,          // GoAway frames
  kReconnects,       // connections opened again
  kConnectFailures,  // attempts to connect that failed
  kClosedByServer,   // connections that the server closed or reset unasked
  kCount
};

// Prints as the word in the table, such as "lost".
std::string_view ToString(ECount count);

// The name of a Reject's reason, such as "overload"; "reason 300" for one of the handlers', and back. ReasonOf gives 0
// for what is no such name.
std::string RejectName(uint16_t reason);
uint16_t ReasonOf(const std::string& name);

// How many Rejects came for each reason; those that came at all.
using RejectCounts = std::map<uint16_t, uint64_t>;

// The account of every request of one thread, or the sum of several.
// Threads: one writer; any thread may call Get meanwhile, the rest once the writer has ended.
class CLedger {
 public:
  static constexpr size_t kMaxOffenders = 10;

  CLedger() = default;
  CLedger(const CLedger& other) { Add(other); }
  CLedger& operator=(const CLedger&) = delete;

  void Count(ECount what, uint64_t times = 1) {
    auto& value = m_counts[static_cast<size_t>(what)];
    value.store(value.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
  }
  void CountReject(uint16_t reason);
  // A request that was counted as kOneWay has been rejected after all.
  void RejectOneWay(uint16_t reason);
  // Counts a fault. Of the first few, `describe` says in words what happened; of a flood, nobody asks.
  template <typename Describe>
  void CountFault(ECount what, Describe describe) {
    Count(what);
    if (m_offenders.size() < kMaxOffenders) m_offenders.push_back(describe());
  }
  void Add(const CLedger& other);
  // The counts alone, while `other` is still written.
  void AddCounts(const CLedger& other);

  uint64_t Get(ECount what) const { return m_counts[static_cast<size_t>(what)].load(std::memory_order_relaxed); }
  // Faults make the run fail: mismatched, lost, duplicated, reordered, unasked.
  uint64_t Faults() const;
  uint64_t InFlight() const;
  const RejectCounts& RejectsByReason() const { return m_rejects; }
  const std::vector<std::string>& Offenders() const { return m_offenders; }

 private:
  std::array<std::atomic<uint64_t>, static_cast<size_t>(ECount::kCount)> m_counts{};
  RejectCounts m_rejects;
  std::vector<std::string> m_offenders;
};

}  // namespace switchboard::sim
