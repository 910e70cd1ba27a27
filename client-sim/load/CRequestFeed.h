#pragma once

#include <cstddef>
#include <cstdint>

#include "client-sim/base/CSendBuffer.h"
#include "client-sim/base/CTimerQueue.h"
#include "client-sim/client/CClient.h"
#include "client-sim/load/CPhaseShare.h"

namespace switchboard::sim {

// Sends what a client may send now: as many requests as its depth, its script, its pauses and the phase allow.
// Threads: one.
class CRequestFeed {
 public:
  // `share` outlives this.
  CRequestFeed(CPhaseShare& share, uint64_t seed) : m_share(share), m_random(seed) {}

  // Requests leave as of `nowNs`, or in an open loop as of when they were due. With `isDraining`, only due ones leave.
  // The client's connection is open.
  void Feed(CClient& client, uint64_t nowNs, bool isDraining);
  // It sends nothing before that time, when TakeDue returns it.
  void HoldBack(CClient& client, uint64_t untilNs);
  // Takes out a client that is to be fed again; nullptr when there is none.
  CClient* TakeDue(uint64_t nowNs) { return m_timers.TakeDue(nowNs); }
  // When TakeDue returns the next one; UINT64_MAX when there is none.
  uint64_t NextNs() const { return m_timers.NextNs(); }

 private:
  // How many requests the client may send now.
  size_t Allowance(CClient& client, uint64_t nowNs, bool isDraining) const;
  // Appends up to `most` requests to m_out. Returns how many, at least one.
  size_t Issue(CClient& client, size_t most, uint64_t nowNs);
  bool BeginsToThink(CClient& client, uint64_t nowNs);

  CPhaseShare& m_share;
  uint64_t m_random;
  CTimerQueue<CClient> m_timers;
  CSendBuffer m_out;
};

}  // namespace switchboard::sim
