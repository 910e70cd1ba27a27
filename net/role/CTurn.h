#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "misc/CTally.h"
#include "misc/CTrace.h"
#include "net/conn/CCloser.h"
#include "net/conn/CConnection.h"
#include "net/role/CSender.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/Counters.h"

namespace switchboard {

// One thread's turn on one connection: it runs packets there and gathers what they answer, to send it at once.
// Threads: the one that made it; each thread that runs handlers has one and uses it again and again.
class CTurn {
 public:
  CTurn(CSender& sender, SInboxes& inboxes, const CTally& tally, CTrace& trace);

  void Begin(CConnection& connection);
  // Sends what was gathered.
  void End();

  CConnection& Connection() { return *m_p_connection; }
  const CSession& Session() const { return m_session; }
  const CTally& Tally() const { return m_tally; }
  CTrace& Trace() { return m_trace; }
  // The turn that the calling thread is in; nullptr outside of any.
  static CTurn* Current();

  // Gathers one frame for the peer. False when the body is over kMaxBodyBytes or the connection takes nothing any more.
  bool Put(uint16_t msgCode, std::span<const std::byte> body);
  // A frame made in place: room for a body of `bodyBytes` (at most kMaxBodyBytes), valid until the next call of any of
  // these; PutInPlace makes a frame of its first `bodyBytes`, which can't be more, and returns what Put does.
  std::span<std::byte> Room(size_t bodyBytes);
  bool PutInPlace(uint16_t msgCode, size_t bodyBytes);
  // Gathers bytes that are no frame: an HTTP answer of any length. False when the connection takes nothing any more.
  bool PutBytes(std::span<const std::byte> bytes);
  // Sends what was gathered so far: before anything that may take long.
  void Flush();
  // Moves the connection on towards its close.
  void Close(EPhase phase, ECloseReason reason);

  // After the packet that runs it's the others' turn, whatever is left of the quota.
  void Yield() { m_isYielding = true; }
  bool IsYielding() const { return m_isYielding; }

  // The packet that runs will be answered later, by whoever claims the mailbox's deferral.
  void Defer();
  bool IsDeferred() const { return m_isDeferred; }

 private:
  static constexpr size_t kCapacity = 2 * kMaxPacketBytes;

  CSender& m_sender;
  CCloser m_closer;
  const CTally m_tally;
  CTrace& m_trace;
  CConnection* m_p_connection = nullptr;
  CSession m_session;
  bool m_isDeferred = false;
  bool m_isYielding = false;
  std::unique_ptr<std::byte[]> m_p_gathered;
  size_t m_size = 0;
};

}  // namespace switchboard
