#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "client-sim/base/Time.h"
#include "misc/CFrameRecord.h"

namespace switchboard::sim {

// What a recorded client did at one time.
struct SRecordedStep {
  Nanoseconds at{};                  // since the record's start
  size_t repliesBefore = 0;          // how many replies the connection had received by then
  std::span<const std::byte> frame;  // as sent; empty: the client ended its stream
};

// One recorded connection: what the client did, and what it was answered.
struct SRecordedConnection {
  uint32_t number = 0;  // as the recorder counted
  Nanoseconds open{};
  Nanoseconds end{};
  std::vector<SRecordedStep> steps;  // the last one, and only that, ends the stream
  std::vector<std::span<const std::byte>> replies;
};

// A record of frames, sorted by connection: what a replay plays. GoAways are no replies: they tell what became of that
// server, and not what it answered.
// Threads: any; constant after construction.
class CRecording {
 public:
  // `record` outlives this object. Throws std::runtime_error when it is no record.
  explicit CRecording(std::span<const std::byte> record);

  // In the order in which they opened.
  const std::vector<SRecordedConnection>& Connections() const { return m_connections; }
  uint64_t Requests() const { return m_requests; }
  uint64_t Replies() const { return m_replies; }
  Nanoseconds Length() const { return m_length; }
  // How many connections were open at the same time.
  size_t Peak() const { return m_peak; }
  // The record ends in the middle of an entry; all before it is here.
  bool IsCutOff() const { return m_isCutOff; }

  // False for what can't be compared with the reply of another server: a GoAway, or less than a header.
  static bool IsReply(std::span<const std::byte> frame);

 private:
  void Add(SRecordedConnection& connection, Nanoseconds at, const SRecordedFrame& entry);
  void FindPeak();

  std::vector<SRecordedConnection> m_connections;
  uint64_t m_requests = 0;
  uint64_t m_replies = 0;
  Nanoseconds m_length{};
  size_t m_peak = 0;
  bool m_isCutOff = false;
};

}  // namespace switchboard::sim
