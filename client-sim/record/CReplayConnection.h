#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CSendBuffer.h"
#include "client-sim/base/CSocketWriter.h"
#include "client-sim/record/CRecording.h"
#include "client-sim/record/CReplyDiff.h"
#include "misc/CFd.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// When a replay does what the client did.
struct SPace {
  uint64_t startNs = 0;
  double speed = 1;  // 0: everything is due, and waits only for the replies that it waited for in the record

  bool AwaitsReplies() const { return speed == 0; }
  uint64_t DueNs(uint64_t recordNs) const {
    return AwaitsReplies() ? startNs : startNs + static_cast<uint64_t>(static_cast<double>(recordNs) / speed);
  }
};

// Plays one recorded client on a non-blocking socket. Whoever owns it waits for the socket and for the time.
// Threads: one.
class CReplayConnection {
 public:
  CReplayConnection(const SRecordedConnection& recorded, const std::set<uint16_t>& ignored, SDiffTally& tally)
      : m_recorded(recorded), m_diff(recorded, ignored, tally) {}

  // Returns 0, EINPROGRESS (then FinishConnect once the socket is writable) or another errno.
  int Connect(const CEndpoint& server);
  // Returns 0 or an errno.
  int FinishConnect();

  // Sends what is due at `nowNs`, as far as the socket takes it and the pace allows. `out` is empty before and after.
  void SendDue(const SPace& pace, uint64_t nowNs, CSendBuffer& out);
  // When the next step is due; nothing if it waits for the socket or a reply, or if there is none.
  std::optional<uint64_t> NextDueNs(const SPace& pace) const;

  enum class ERead : uint8_t { kNothing, kMore, kEnd, kReset, kBadLength };
  // Reads once, into `buffer`, and compares the replies.
  ERead Read(std::span<std::byte> buffer);

  // Ends it: what has not been answered is missing, for this reason.
  void Close(const std::string& why);

  int Fd() const { return m_fd.Get(); }
  bool IsOpen() const { return m_fd.IsValid(); }
  bool IsConnecting() const { return m_isConnecting; }
  bool HasUnsent() const { return m_writer.HasUnsent(); }
  uint64_t Sent() const { return m_sent; }
  uint64_t Received() const { return m_received; }
  // Frames of the record that were never sent.
  uint64_t Unsent() const;
  const SRecordedConnection& Recorded() const { return m_recorded; }

 private:
  const SRecordedStep* Next() const { return m_next == m_recorded.steps.size() ? nullptr : &m_recorded.steps[m_next]; }
  bool MayGo(const SRecordedStep& step, const SPace& pace, uint64_t nowNs) const;
  // Appends a step's frame with the right length and CRC.
  void Write(const SRecordedStep& step, CSendBuffer& out);
  void OnFrames(std::span<const std::byte> frames);

  const SRecordedConnection& m_recorded;
  CReplyDiff m_diff;
  CFd m_fd;
  CSocketWriter m_writer;
  CFrameDecoder m_decoder;
  bool m_isConnecting = false;
  size_t m_next = 0;  // the step that comes next
  uint64_t m_sent = 0;
  uint64_t m_received = 0;
};

}  // namespace switchboard::sim
