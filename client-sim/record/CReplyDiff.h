#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "client-sim/record/CRecording.h"

namespace switchboard::sim {

// What all connections of a replay were answered, against what was recorded.
struct SDiffTally {
  static constexpr size_t kMaxOffenders = 10;

  uint64_t equal = 0;
  uint64_t different = 0;   // another reply in its place
  uint64_t missing = 0;     // recorded, and not received
  uint64_t unexpected = 0;  // received, and not recorded
  std::vector<std::string> offenders;

  uint64_t Differences() const { return different + missing + unexpected; }
  void AddOffender(std::string offender) {
    if (offenders.size() < kMaxOffenders) offenders.push_back(std::move(offender));
  }
};

// Compares the replies of one connection with the recorded ones, in their order. One reply that is missing, or one too
// many, counts once: the comparison goes on behind it, if the next replies show where that is.
// Threads: one.
class CReplyDiff {
 public:
  // A gap of more missing replies than this is not recognised as one.
  static constexpr size_t kLookAhead = 16;

  // Of replies with a code in `ignored`, and of Rejects if kRejectCode is in it, only the code is compared.
  CReplyDiff(const SRecordedConnection& recorded, const std::set<uint16_t>& ignored, SDiffTally& tally)
      : m_recorded(recorded), m_ignored(ignored), m_tally(tally) {}

  // A whole frame; GoAways are passed over.
  void OnReply(std::span<const std::byte> frame);
  // What has not come by now is missing; `why` goes into the list of offenders.
  void Finish(const std::string& why);

  // The replies that are settled, one way or the other.
  size_t Position() const { return m_next; }

 private:
  bool IsEqual(size_t index, std::span<const std::byte> frame) const;
  // Counts what is missing up to `end`.
  void Miss(size_t end, const std::string& why);
  std::string Who(size_t index) const;

  const SRecordedConnection& m_recorded;
  const std::set<uint16_t>& m_ignored;
  SDiffTally& m_tally;
  size_t m_next = 0;
};

}  // namespace switchboard::sim
