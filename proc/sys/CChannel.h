#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "misc/file/CFd.h"
#include "net/wire/Wire.h"

namespace switchboard {

enum class EMessage : uint8_t {
  kListener,  // worker → master: keep this listening socket for my slot; master → worker: serve this one as well
  kReady,     // worker → master: I serve
  kFailed,    // worker → master: I could not start, `text` says why
  kClient,    // master → worker: serve this client of `listener`
  kReopened,  // worker → master: what I log from now on goes into the new file
  kLost,      // master → worker: the worker process with the number `listener` has died, and its sessions with it
  kReason,    // master → worker: `reason` is why you will be told to stop
  kPeer,      // master → worker: your line to the worker process with the number `listener`
  kLastCall,  // master → worker: `listener` goes with you: accept who waits before you stop
};

struct SMessage {
  EMessage kind = EMessage::kReady;
  uint32_t listener = 0;  // of kListener, kClient, kLastCall: its number in the CListenerStore; of kLost, kPeer
  std::string text;       // of kFailed; cut to CChannel::kMaxText bytes
  CFd fd;                 // of kListener, kClient, kPeer
  EGoAwayReason reason = EGoAwayReason::kStop;  // of kReason
};

// One end of the line between the master and a worker: whole messages, each with a descriptor if need be.
// A SOCK_SEQPACKET pair; the end of either process shows as the end of the line at the other.
// Threads: one.
class CChannel {
 public:
  static constexpr size_t kMaxText = 2048;

  enum class EReceive : uint8_t { kMessage, kNothing, kClosed };

  CChannel() = default;
  // Both ends; close-on-exec. Throws std::system_error.
  static std::pair<CChannel, CChannel> MakePair();

  int Fd() const { return m_fd.Get(); }
  bool IsOpen() const { return m_fd.IsValid(); }
  void Close() { m_fd.Reset(); }
  // For the master, for good: nothing more can be sent to it, and what nobody has received is closed by CloseForeign.
  void End();

  // Waits while the line is full. The other side gets a duplicate of `message.fd`. Returns false when the other end is
  // gone.
  bool Send(const SMessage& message) { return Send(message, 0); }
  // As Send, but returns false instead of waiting.
  bool TrySend(const SMessage& message);
  // Never waits. `message` changes only with kMessage.
  EReceive Receive(SMessage& message);

 private:
  explicit CChannel(CFd fd) : m_fd(std::move(fd)) {}
  bool Send(const SMessage& message, int flags);

  CFd m_fd;
};

}  // namespace switchboard
