#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "misc/file/CFd.h"
#include "tests/support/Eventually.h"

namespace switchboard {

using Bytes = std::vector<std::byte>;

Bytes ToBytes(std::string_view text);

// A frame as it goes over the wire, with the right length and CRC.
Bytes MakeFrame(uint16_t msgCode, std::span<const std::byte> body = {});
Bytes MakeFrame(uint16_t msgCode, std::string_view body);
// Appends `more` to `bytes`.
void Append(Bytes& bytes, std::span<const std::byte> more);

// A frame that a client received; its CRC was right.
struct SReceivedFrame {
  uint16_t msgCode = 0;
  Bytes body;

  std::string Text() const;
};

// A blocking client on one socket, for tests; every wait has an end. What the system refuses throws std::system_error.
// Threads: one sender and one receiver at a time.
class CTestClient {
 public:
  // Connects to 127.0.0.1:`port`. `receiveBufferBytes` (0: the system's choice) makes a slow reader fill up sooner.
  explicit CTestClient(uint16_t port, int receiveBufferBytes = 0);
  // As the other, with a TCP socket that is there already.
  CTestClient(CFd fd, uint16_t port);

  // Sends all of `bytes`; false when the peer has closed or takes nothing for `patience`.
  bool SendRaw(std::span<const std::byte> bytes, std::chrono::milliseconds patience = kPatience);
  bool SendFrame(uint16_t msgCode, std::span<const std::byte> body = {});
  bool SendFrame(uint16_t msgCode, std::string_view body);

  // The next frame; nullopt at the end of the stream, at a reset, or after `patience`. Throws std::runtime_error for a
  // frame with a bad length or CRC.
  std::optional<SReceivedFrame> ReceiveFrame(std::chrono::milliseconds patience = kPatience);
  // True when the peer ends the stream (orderly or by a reset) within `patience`; what comes before is dropped.
  bool WaitForClose(std::chrono::milliseconds patience = kPatience);
  // As WaitForClose, but true for a reset only.
  bool WaitForReset(std::chrono::milliseconds patience = kPatience);

  // Half-close: the peer sees the end of the stream, and may still answer.
  void ShutdownWrite();
  // Closes with a reset (SO_LINGER 0) instead of an orderly end.
  void Rst();
  void Close() { m_fd.Reset(); }

  int Fd() const { return m_fd.Get(); }
  uint16_t LocalPort() const;

 private:
  enum class EEnd : uint8_t { kNotYet, kOrderly, kReset };
  // Receives something into m_received; false at the end of the stream or when the deadline passed.
  bool ReceiveSome(std::chrono::steady_clock::time_point deadline);
  // Waits for `events`; false when the deadline passed.
  bool WaitFor(short events, std::chrono::steady_clock::time_point deadline) const;
  EEnd WaitForEnd(std::chrono::milliseconds patience);

  CFd m_fd;
  Bytes m_received;  // from m_consumed on, not yet given out
  size_t m_consumed = 0;
  EEnd m_end = EEnd::kNotYet;
};

}  // namespace switchboard
