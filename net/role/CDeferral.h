#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/conn/CSession.h"

namespace switchboard {

class CConnection;
class CTally;
enum class ECounter : uint16_t;
struct STurnLinks;

// The right to end one deferred request, whatever its protocol. Exactly one of this and the end of the connection ends
// it. Whether later requests of the connection wait for it is the protocol's decision.
// Threads: one owner at a time, any thread. Must be gone when OnWorkerStop returns.
class CDeferral {
 public:
  // Of the request with this number in the mailbox of its connection.
  CDeferral(const STurnLinks& links, const CSession& session, uint32_t number)
      : m_p_links(&links), m_session(session), m_number(number) {}
  CDeferral(CDeferral&& other) noexcept;
  CDeferral& operator=(CDeferral&& other) noexcept;
  ~CDeferral() { Drop(); }

  const CSession& Session() const { return m_session; }
  // It hasn't been ended through here.
  bool IsOpen() const { return m_p_links != nullptr; }
  // The connection, in whatever life; nullptr when the session is gone.
  CConnection* Connection() const;
  // Ends the request: sends `bytes` (none: sends nothing) and counts `outcome`, or packets_discarded when the
  // connection doesn't take them. False then, and when nobody wants the answer any more. Only while it is open.
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
