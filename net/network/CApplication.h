#pragma once

#include <cstdint>

#include "net/network/SServerLinks.h"
#include "net/packet/CPacketHandlers.h"
#include "net/site/CHttpHandlers.h"

namespace switchboard {

// What a network serves: what handles its listeners' packets and HTTP requests, and what is to be done at both ends.
// Threads: the worker's main thread.
class CApplication {
 public:
  virtual ~CApplication() = default;

  // Ties it to the parts of its worker; no handler runs before Start. Throws std::logic_error when what is registered
  // can't be served.
  virtual void Bind(const SServerLinks& links) = 0;
  // Of the [[listener]] with this index. They live as long as this; only after Bind.
  virtual CPacketHandlers& PacketsOf(uint16_t listener) = 0;
  virtual CHttpHandlers& RequestsOf(uint16_t listener) = 0;
  // The worker is about to serve; throwing refuses the start.
  virtual void Start() = 0;
  // The worker process with this number has died, and its sessions with it. Threads: a business thread.
  virtual void OnLost(uint32_t /*process*/) {}
  // No handler runs any more, no session lives.
  virtual void Stop() = 0;
};

}  // namespace switchboard
