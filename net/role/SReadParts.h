#pragma once

#include "misc/CBufferPool.h"
#include "misc/count/CTally.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/conn/CFlowControl.h"
#include "net/role/CBusinessPool.h"
#include "net/role/CSender.h"
#include "net/role/CTurn.h"

namespace switchboard {

// What sb-io itself works with while it reads: its turn, and the connections that got work for the pool.
// Threads: sb-io.
struct SReadTurn {
  SReadTurn(const STurnLinks& links, SWorkerPage& page) : turn(links, CTally::Own(page.io), page.ioTrace) {}

  // Begun by the protocol that answers at once.
  CTurn turn;
  CRunList runnable;
  // What is read now may have come so long ago: sb-io has not looked since.
  MonotonicTime::duration lag{0};

  // The earliest time at which it can have come; to a new connection, while that waited to be accepted.
  MonotonicTime CameSince(const CConnection& connection, MonotonicTime now) const {
    return connection.read.isBehind ? MonotonicTime::min() : now - lag;
  }
};

// What the protocols of a worker work with; all of it outlives them.
struct SProtocolParts {
  const SConfig& config;
  const CClock& clock;
  CBufferPool& buffers;
  const CFlowControl& flowControl;
  CBusinessPool& business;
  CSender& sender;
  SReadTurn& reading;
  CCounters& counters;  // sb-io's
};

}  // namespace switchboard
