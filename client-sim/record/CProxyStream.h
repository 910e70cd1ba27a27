#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "client-sim/base/Time.h"
#include "client-sim/record/CFrameRecorder.h"
#include "misc/file/CFd.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// One direction of a proxied connection: passes every byte on as it came, and records the whole frames among them.
// Threads: one.
class CProxyStream {
 public:
  // While so much waits for the receiver, nothing more is taken from the sender.
  static constexpr size_t kFullBytes = 256 * 1024;

  CProxyStream(uint32_t connection, EDirection direction, CFrameRecorder& recorder)
      : m_connection(connection), m_direction(direction), m_recorder(recorder) {}

  // Reads once from `source`, into `buffer`, and records at `at`, which counts from the record's start.
  // `isSourceBroken`: sending to it has failed. Its end is a reset then, of which the system has told already.
  void Take(const CFd& source, std::span<std::byte> buffer, Nanoseconds at, bool isSourceBroken);
  // Writes what waits to `target`, and then the end of the stream if it has come.
  void Give(const CFd& target);
  // The receiver is gone: nothing more can be passed on.
  void Break();

  bool WantsToTake() const { return !m_hasEnded && !m_isBroken && Waiting() < kFullBytes; }
  bool WantsToGive() const { return Waiting() != 0; }
  // Everything that could be passed on was, the end included.
  bool IsOver() const { return m_isEndGiven || m_isBroken; }
  // The receiver is gone.
  bool IsBroken() const { return m_isBroken; }
  // It ended with a reset.
  bool WasReset() const { return m_wasReset; }
  // From some byte on, no frames could be cut: what followed was passed on without a record.
  bool HasLostFrames() const { return m_hasLostFrames || m_decoder.HasPartial(); }

 private:
  size_t Waiting() const { return m_waiting.size() - m_givenAt; }
  void Record(std::span<const std::byte> bytes, Nanoseconds at);
  void RecordFrames(std::span<const std::byte> frames, Nanoseconds at);

  const uint32_t m_connection;
  const EDirection m_direction;
  CFrameRecorder& m_recorder;
  CFrameDecoder m_decoder;
  std::vector<std::byte> m_waiting;
  size_t m_givenAt = 0;
  bool m_hasEnded = false;
  bool m_isEndGiven = false;
  bool m_wasReset = false;
  bool m_isBroken = false;
  bool m_hasLostFrames = false;
};

}  // namespace switchboard::sim
