#pragma once

#include <span>

#include "net/conn/CSession.h"

namespace switchboard {

class CConnection;
class CTally;
enum class ECounter : uint16_t;
struct STurnLinks;

// The right to end one deferred request, whatever its protocol; users hold it inside of a
// CDeferredReply or a CDeferredHttpReply. Exactly one of this and the end of the connection ends
// the request, and counts it:
//  - a peer that resets or is closed for its silence, or a stop that runs out of time, cancels it
//    (packets_discarded);
//  - a peer that only half-closes still gets its answer, and OnDisconnect comes after that;
//  - nothing else bounds how long it may stay open: there is no deadline for it.
// Whether later requests of the connection wait for it is the protocol's decision; both protocols
// there are let them, so a connection has one open deferral at most.
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferral {
 public:
  // Of the request with this number in the mailbox of its connection. `links` outlive it.
  CDeferral(const STurnLinks& links, const CSession& session, uint32_t number)
      : m_p_links(&links), m_session(session), m_number(number) {}
  // The other one isn't open afterwards; what this one held before is ended as a handler that
  // failed.
  CDeferral(CDeferral&& other) noexcept;
  CDeferral& operator=(CDeferral&& other) noexcept;
  ~CDeferral() { Drop(); }

  const CSession& Session() const { return m_session; }
  // It hasn't been ended through here. The session may be gone all the same, which only End finds
  // out for certain.
  bool IsOpen() const { return m_p_links != nullptr; }
  // The connection, in whatever life; nullptr when the session is gone.
  CConnection* Connection() const;
  // Ends the request: sends `bytes` (none: sends nothing) and counts `outcome`, or
  // packets_discarded when the connection doesn't take them. False then, and when nobody wants the
  // answer any more (stale_sessions). Sends at once, without waiting for the peer, and lets the
  // connection's next requests run. Only while it is open.
  bool End(std::span<const std::byte> bytes, ECounter outcome);

  // Ends what is deferred on a connection that answers no more.
  static void Cancel(const STurnLinks& links, CConnection& connection, const CSession& session, const CTally& tally);

 private:
  // Without an answer, as a handler that failed.
  void Drop();

  const STurnLinks* m_p_links;  // nullptr once ended
  CSession m_session;
  uint32_t m_number;
};

}  // namespace switchboard
