#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/CSendBuffer.h"
#include "client-sim/base/CSocketWriter.h"
#include "client-sim/base/Time.h"
#include "client-sim/record/CRecording.h"
#include "client-sim/record/CReplyDiff.h"
#include "misc/file/CFd.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// When a replay does what the client did.
struct SPace {
  MonotonicTime start;
  double speed = 1;  // 0: everything is due, and waits only for the replies that it waited for in the record

  bool AwaitsReplies() const { return speed == 0; }
  MonotonicTime Due(Nanoseconds recorded) const {
    return AwaitsReplies() ? start : start + ToNanoseconds(static_cast<double>(recorded.count()) / speed);
  }
};

class CReplayConnection;

// Who plays the clients: is told of their events and times.
// Threads: the loop's.
class CReplayDriver {
 public:
  virtual void OnEvents(CReplayConnection& connection, uint32_t events) = 0;
  virtual void OnTime(CReplayConnection& connection) = 0;

 protected:
  ~CReplayDriver() = default;
};

// Plays one recorded client on a non-blocking socket. Whoever owns it waits for the socket and for the time.
// Threads: one.
class CReplayConnection final : public CEventHandler {
 public:
  CReplayConnection(const SRecordedConnection& recorded, const std::set<uint16_t>& ignored, CReplayDriver& driver,
                    SDiffTally& tally)
      : m_driver(driver), m_recorded(recorded), m_diff(recorded, ignored, tally) {}

  CReplayConnection(const CReplayConnection&) = delete;
  CReplayConnection& operator=(const CReplayConnection&) = delete;

  void OnEvents(uint32_t events) override { m_driver.OnEvents(*this, events); }
  void OnTime() override { m_driver.OnTime(*this); }

  // Returns 0, EINPROGRESS (then FinishConnect once the socket is writable) or another errno.
  int Connect(const CEndpoint& server);
  // Returns 0 or an errno.
  int FinishConnect();

  // Sends what is due at `now`, as far as the socket takes it and the pace allows. `out` is empty before and after.
  void SendDue(const SPace& pace, MonotonicTime now, CSendBuffer& out);
  // When the next step is due; nothing if it waits for the socket or a reply, or if there is none.
  std::optional<MonotonicTime> NextDue(const SPace& pace) const;
  // The step that its driver has asked the loop to wake it for, if any.
  std::optional<MonotonicTime> Alarm() const { return m_alarm; }
  void SetAlarm(std::optional<MonotonicTime> time) { m_alarm = time; }

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
  // Recorded replies that have come, or won't come any more.
  size_t Settled() const { return m_diff.Position(); }
  // Frames of the record that were never sent.
  uint64_t Unsent() const;
  const SRecordedConnection& Recorded() const { return m_recorded; }

 private:
  const SRecordedStep* Next() const { return m_next == m_recorded.steps.size() ? nullptr : &m_recorded.steps[m_next]; }
  bool MayGo(const SRecordedStep& step, const SPace& pace, MonotonicTime now) const;
  // Appends a step's frame with the right length and CRC.
  void Write(const SRecordedStep& step, CSendBuffer& out);
  void OnFrames(std::span<const std::byte> frames);

  CReplayDriver& m_driver;
  const SRecordedConnection& m_recorded;
  CReplyDiff m_diff;
  CFd m_fd;
  CSocketWriter m_writer;
  CFrameDecoder m_decoder;
  bool m_isConnecting = false;
  std::optional<MonotonicTime> m_alarm;
  size_t m_next = 0;  // the step that comes next
  uint64_t m_sent = 0;
  uint64_t m_received = 0;
};

}  // namespace switchboard::sim
