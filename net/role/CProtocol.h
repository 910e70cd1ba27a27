#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "misc/CBufferPool.h"
#include "misc/thread/CClock.h"
#include "net/conn/CConnection.h"
#include "net/conn/Notes.h"
#include "net/role/CTurn.h"

namespace switchboard {

// What a protocol has made of what was received.
struct SReading {
  enum class EThen : uint8_t {
    kWait,     // everything that arrived is answered, or on its way to a handler
    kStarted,  // a request has begun, and must finish in time
    kRest,     // nothing more can be taken now: reading stops until the connection is resumed
    kEnd       // nothing more will be read: the connection moves on to `phase`
  };
  EThen then = EThen::kWait;
  EPhase phase = EPhase::kDraining;                 // of kEnd
  ECloseReason reason = ECloseReason::kPeerClosed;  // of kEnd
  bool hasFinished = false;                         // a request has become whole
};

// How long the peers of a listener may be silent, and what is done about it.
struct SIdleRule {
  MonotonicTime::duration silence{0};  // zero: for ever
  EPhase phase = EPhase::kAborting;    // that a silent connection moves on to
  bool countsOnlyRest = false;         // the time in which it is answered or sent to is no silence …
  double minRate = 0;                  // … but it must take so many bytes/s of what waits for it
  bool flushesWhileTaken = false;      // at its end: what is queued has time as long as the peer takes some of it
};

// How the clients of one listener and the server speak: cuts bytes into requests, runs them, encodes what is said, and
// says how a connection opens, rests, drains and ends. There is one object for each listener; what it keeps of a
// started request is a CInput. The roles know no protocol by name. The calls are one for each read, batch or push.
// Threads: as said at each group of methods.
class CProtocol {
 public:
  // `mostUnsent`: with more memory than that for what is unsent, a connection isn't read.
  explicit CProtocol(uint32_t mostUnsent = UINT32_MAX) : m_mostUnsent(mostUnsent) {}
  CProtocol(const CProtocol&) = delete;
  CProtocol& operator=(const CProtocol&) = delete;
  virtual ~CProtocol() = default;

  // ---- sb-io
  // A connection opens. True when its handlers want to hear of it.
  virtual bool HasOpening() const = 0;
  // Takes what was received: answers whole requests, in the turn of sb-io, or posts them to the mailbox.
  virtual SReading Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now) = 0;
  // Goes on with what had to wait while reading rested.
  virtual SReading Resume(CConnection& connection, MonotonicTime now) = 0;
  // A started request is overdue, and its connection about to end.
  virtual void OnOverdue(CConnection& connection) = 0;
  // From now on the server drains.
  virtual void BeginDrain() = 0;
  // Tells one client, of which nothing has arrived that isn't handled or begun. True when there is nothing to say or to
  // wait for: its connection drains at once.
  virtual bool IsOverAtFarewell(CConnection& connection, const SFarewell& farewell) = 0;
  // Whether its handlers are to hear of the end; when they aren't, none of them runs.
  virtual bool HasEnd(const CConnection& connection) const = 0;
  // Writes what was put off since the last call, such as the lines of an access log; then opens its files anew.
  virtual void FlushLogs() {}
  virtual void ReopenLogs() {}

  // ---- whoever runs the connection's turn
  virtual void OnOpening(CTurn& turn) = 0;
  // Runs the requests of a block and consumes them: until it is empty, `quota` of them are, or the turn has to stop.
  // A request that answers later may keep the block.
  virtual void Run(CTurn& turn, BlockPtr& p_block, uint32_t& quota) = 0;
  virtual void OnEnd(CTurn& turn) = 0;
  // Whether what came after a request waits for its deferred answer.
  virtual bool HoldsBehindDeferred() const = 0;

  // ---- any thread
  // The bytes that a push of `bodyBytes` takes; 0 when there are no pushes, or none that large.
  virtual size_t PushBytes(size_t bodyBytes) const = 0;
  // Encodes it there.
  virtual void WritePush(std::byte* p_to, uint16_t msgCode, std::span<const std::byte> body) const = 0;
  virtual const SIdleRule& IdleRule() const = 0;
  uint32_t MostUnsent() const { return m_mostUnsent; }

 private:
  const uint32_t m_mostUnsent;
};

}  // namespace switchboard
