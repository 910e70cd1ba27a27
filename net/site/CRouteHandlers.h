#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "misc/CBufferPool.h"
#include "net/http/SHttpRequest.h"
#include "net/role/CTurn.h"

namespace switchboard {

class CHttpSite;

// A request that waits in a turn for its route's answer. The views of `request`, `path` and `query` point into the
// block, which a request that is answered later keeps.
struct SRouteTask {
  CTurn& turn;
  const SHttpRequest& request;
  std::string_view path;
  std::string_view query;
  CHttpSite& site;
  bool isLast;  // the connection ends after the answer
  BlockPtr& p_block;
  std::shared_ptr<CBlock> p_kept;  // the block, once the answer was deferred
};

// What handles the routes of one listener.
// Threads: Find by sb-io, Run by those of CBusinessPool.
class CRouteHandlers {
 public:
  virtual ~CRouteHandlers() = default;

  // The number of the route for this path (decoded, "/" first); nullopt when there is none.
  virtual std::optional<uint32_t> Find(std::string_view path) const = 0;
  // The pool that the route runs in.
  virtual uint8_t PoolOf(uint32_t route) const = 0;
  // Brings the request to its one outcome, or to a deferral.
  virtual void Run(uint32_t route, SRouteTask& task) = 0;
};

}  // namespace switchboard
