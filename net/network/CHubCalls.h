#pragma once

#include <string_view>

#include "net/hub/Login.h"
#include "net/network/CServerCalls.h"

namespace switchboard {

// The hub's verbs: they reach any session of the server, whichever of its workers has it.
//
// A session may be in rooms, and bound to users, by names of 1 … 128 bytes of UTF-8. A name needs
// no other beginning than its first session, and ends with its last; a session's names end with it,
// before its OnDisconnect, and with its worker, however that ends. A Join or a Bind holds from its
// return on, for publishes of any worker. Packets of one publisher come to each receiver in the
// order of the calls, each at most once, and after the answers given to it before.
// What can't be a name is refused and counts as hub_refused, as does a Join when the session has
// hub.joins_per_session names; both are only for sessions of this worker, and not over HTTP.
// docs/HUB.md has examples, and what holds when workers die or hang.
// Threads: as CServerCalls.
class CHubCalls : public CServerCalls {
 public:
  // True also when it is in the room already.
  bool Join(const CSession& session, std::string_view room);
  // False when it wasn't there.
  bool Leave(const CSession& session, std::string_view room);
  // Says that the session is this user's. False also when it is refused (Login::kRefuse).
  bool Bind(const CSession& session, std::string_view user, Login login = Login::kMany);
  bool Unbind(const CSession& session, std::string_view user);

  // Each sends a packet as Send does, encoded once, to all members but `except`; copies_published =
  // copies_sent + copies_missed. True, however many there are; false when it can't be sent at all.
  // What can't wait for another worker, because hub.queue_bytes do, is dropped: hub_dropped.
  bool Publish(std::string_view room, uint16_t msgCode, std::span<const std::byte> body, const CSession& except = {});
  bool SendTo(std::string_view user, uint16_t msgCode, std::span<const std::byte> body, const CSession& except = {});
  // To all sessions of the server but those over HTTP.
  bool Broadcast(uint16_t msgCode, std::span<const std::byte> body, const CSession& except = {});
  template <class Body>
  requires(!IsBytes<Body>) bool Publish(std::string_view room, uint16_t msgCode, const Body& body,
                                        const CSession& except = {}) {
    return Publish(room, msgCode, BytesOf(body), except);
  }
  template <class Body>
  requires(!IsBytes<Body>) bool SendTo(std::string_view user, uint16_t msgCode, const Body& body,
                                       const CSession& except = {}) {
    return SendTo(user, msgCode, BytesOf(body), except);
  }
  template <class Body>
  requires(!IsBytes<Body>) bool Broadcast(uint16_t msgCode, const Body& body, const CSession& except = {}) {
    return Broadcast(msgCode, BytesOf(body), except);
  }

  using CServerCalls::Close;
  // Asks for the close of all sessions of a user. False when there is none.
  bool Close(std::string_view user);

  // As all workers' sessions are named now; none of a worker that has died is among them.
  bool IsOnline(std::string_view user);
  uint32_t Count(std::string_view room);
  // In no order.
  std::vector<CSession> Members(std::string_view room);
};

}  // namespace switchboard
