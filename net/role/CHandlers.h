#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/wire/CFrameDecoder.h"

namespace switchboard {

class CTurn;

// What the thread roles call when there is something for the handlers; CLogic implements it.
// Threads: sb-io and sb-work-N; for one connection the calls come one at a time, in the order that they are listed.
class CHandlers {
 public:
  virtual ~CHandlers() = default;

  // A connection was accepted.
  virtual void OnOpening(CTurn& turn) = 0;
  // As OnFrame, on sb-io; false, and nothing done, when the packet isn't for sb-io.
  virtual bool OnInlineFrame(CTurn& turn, const SFrame& frame) = 0;
  // One accepted packet; it must end in exactly one outcome, or in a deferral.
  virtual void OnFrame(CTurn& turn, const SFrame& frame) = 0;
  // One accepted packet that came while limits of the worker were exceeded; only its header is here.
  virtual void OnRefusedFrame(CTurn& turn, const SFrame& frame) = 0;
  // The connection is over, and this is the last call for it.
  virtual void OnEnd(CTurn& turn) = 0;
  // Whether packets with this code are run by sb-io.
  virtual bool RunsInline(uint16_t msgCode) const = 0;

  // Whether there is any route for HTTP requests, and one for this path (decoded, "/" first). Constant once started.
  virtual bool HasRoutes() const { return false; }
  virtual bool HasRoute(std::string_view) const { return false; }
  // One whole HTTP request for a route, head and body as received; it must end in exactly one outcome.
  virtual void OnHttpRequest(CTurn&, std::span<const std::byte>) {}
};

}  // namespace switchboard
