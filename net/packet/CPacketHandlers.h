#pragma once

#include <cstdint>

#include "net/packet/CFrameBatch.h"
#include "net/role/CTurn.h"

namespace switchboard {

// What handles the packets of one listener. Each packet that is taken from a batch must end in exactly one outcome, or
// in a deferral.
// Threads: sb-io and those of CBusinessPool; for one connection the calls come one at a time.
class CPacketHandlers {
 public:
  virtual ~CPacketHandlers() = default;

  // A connection was accepted.
  virtual void OnOpening(CTurn& turn) = 0;
  // Takes packets until the batch is over or the turn has to stop, which may be before the first.
  virtual void Run(CTurn& turn, CFrameBatch& batch) = 0;
  // As Run, on sb-io: also stops before a packet that isn't for sb-io.
  virtual void RunInline(CTurn& turn, CFrameBatch& batch) = 0;
  // Whether packets with this code are run by sb-io.
  virtual bool RunsInline(uint16_t msgCode) const = 0;
  // Answers packets that were refused, and counted so, because the worker's queue was full; only their headers are
  // here.
  virtual void RefuseAll(CTurn& turn, CFrameBatch& batch) = 0;
  // The connection is over, and this is the last call for it.
  virtual void OnEnd(CTurn& turn) = 0;
};

}  // namespace switchboard
