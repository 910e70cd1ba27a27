#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CSocketWriter.h"
#include "client-sim/client/CConversation.h"
#include "misc/file/CFd.h"

namespace switchboard::sim {

//            Connect             connected           HalfClose
//   kClosed ────────> kConnecting ────────> kOpen ────────────> kFinishing
//      ^                   │                  │                     │
//      └───────────────────┴──────────────────┴─────────────────────┘  Close
enum class EConnectionState : uint8_t { kClosed, kConnecting, kOpen, kFinishing };

enum class EReadResult : uint8_t {
  kMore,       // the stream goes on
  kFull,       // there is more than one turn may take: read again without an event
  kEnd,        // the server has closed its half
  kReset,      //
  kBadLength,  // an impossible pkgLen: nothing after it can be read
};

// One non-blocking connection: its socket, its stream and its conversation. Whoever owns it waits for the socket.
// Threads: one.
class CClientConnection {
 public:
  static constexpr size_t kReadBytes = 256 * 1024;
  // After so many reads it is the others' turn, however much a server sends.
  static constexpr int kMaxReads = 16;

  CClientConnection(uint32_t index, const CWorkload& workload, CLedger& ledger, CHistogram& latencies)
      : m_conversation(index, workload, ledger, latencies) {}

  // To the server's address of that number. Returns 0, EINPROGRESS (then FinishConnect once the socket is writable) or
  // another errno.
  int Connect(const CEndpoint& server, size_t address);
  // Returns 0 or an errno.
  int FinishConnect();

  // Reads what there is, through `buffer` of at least kReadBytes, and has every whole frame judged. `readNow` is called
  // after the bytes of each read are there. With `isEnding`, the event said that the stream has an end: goes on to it.
  template <typename Clock>
  EReadResult Read(std::span<std::byte> buffer, bool isEnding, Clock readNow) {
    for (int reads = 0; reads < kMaxReads; ++reads) {
      std::copy(m_partial.begin(), m_partial.end(), buffer.begin());
      const std::span<std::byte> room = buffer.subspan(m_partial.size());
      const ssize_t bytes = Receive(room);
      if (bytes < 0) return bytes == kNothingYet ? EReadResult::kMore : EReadResult::kReset;
      if (bytes == 0) return EReadResult::kEnd;
      const auto size = static_cast<size_t>(bytes);
      if (!Consume(buffer.first(m_partial.size() + size), readNow())) return EReadResult::kBadLength;
      // Whatever arrives after a read that left room is an event of its own.
      if (size < room.size() && !isEnding) return EReadResult::kMore;
    }
    return EReadResult::kFull;
  }
  // Sends frames of this connection's conversation, once; keeps what the socket doesn't take. Only without HasUnsent.
  void Send(std::span<const std::byte> frames);
  // Sends what was kept.
  void Flush() { m_writer.Flush(m_fd); }
  // Tells the server that no more requests will come.
  void HalfClose();
  void Close();

  int Fd() const { return m_fd.Get(); }
  EConnectionState State() const { return m_state; }
  bool IsReadable() const { return m_state == EConnectionState::kOpen || m_state == EConnectionState::kFinishing; }
  CConversation& Conversation() { return m_conversation; }
  const CConversation& Conversation() const { return m_conversation; }
  bool HasUnsent() const { return m_writer.HasUnsent(); }
  // New requests may leave: the connection is open, nothing is unsent, and the server hasn't asked to go away.
  bool CanSend() const {
    return m_state == EConnectionState::kOpen && !HasUnsent() && !m_writer.IsBroken() && !m_conversation.HasGoAway();
  }

 private:
  static constexpr ssize_t kNothingYet = -2;

  // Returns the bytes read, 0 at the end, kNothingYet, or -1 for a reset.
  ssize_t Receive(std::span<std::byte> buffer);
  // Returns false after a bad length.
  bool Consume(std::span<const std::byte> bytes, MonotonicTime now);

  EConnectionState m_state = EConnectionState::kClosed;
  CFd m_fd;
  CSocketWriter m_writer;
  CConversation m_conversation;
  std::vector<std::byte> m_partial;  // the frame begun at the end of the last read
};

}  // namespace switchboard::sim
