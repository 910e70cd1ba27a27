#pragma once

#include <cstddef>
#include <cstdint>

#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/CSendBuffer.h"
#include "client-sim/client/CClient.h"
#include "client-sim/load/CPhaseShare.h"

namespace switchboard::sim {

// Sends what a client may send now: as many requests as its depth, its script, its pauses and the phase allow.
// Threads: one.
class CRequestFeed {
 public:
  // Both references outlive this.
  CRequestFeed(CPhaseShare& share, CEventLoop& loop, uint64_t seed) : m_share(share), m_loop(loop), m_random(seed) {}

  // Requests leave as of now, or in an open loop as of when they were due. With `isDraining`, only due ones leave. The
  // client's connection is open.
  void Feed(CClient& client, bool isDraining);
  // It sends nothing before that time, when the loop wakes it to be fed again.
  void HoldBack(CClient& client, MonotonicTime until);

 private:
  // How many requests the client may send now.
  size_t Allowance(CClient& client, bool isDraining) const;
  // Appends up to `most` requests to m_out. Returns how many, at least one.
  size_t Issue(CClient& client, size_t most);
  bool BeginsToThink(CClient& client);

  CPhaseShare& m_share;
  CEventLoop& m_loop;
  uint64_t m_random;
  CSendBuffer m_out;
};

}  // namespace switchboard::sim
