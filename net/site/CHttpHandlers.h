#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "misc/CBufferPool.h"
#include "misc/thread/CClock.h"
#include "net/http/CHttpPath.h"
#include "net/http/SHttpRequest.h"
#include "net/role/CTurn.h"

namespace switchboard {

class CHttpSite;
struct SHttpTask;

// A request that waits in a turn for its handler's answer. The views of `request`, `path` and `query` point into the
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

// What handles the requests of one http listener.
// Threads: Take and RefusalOf by sb-io, Run by those of CBusinessPool.
class CHttpHandlers {
 public:
  virtual ~CHttpHandlers() = default;

  // Answers a request for `path` that nobody has to wait for, and returns nullopt; of any other it returns the number
  // of the handler that is to Run it.
  virtual std::optional<uint32_t> Take(CHttpSite& site, const SHttpTask& task, const CHttpPath& path,
                                       MonotonicTime now) = 0;
  // The status that a request gets whatever its body is, which hasn't come yet; 0: its body matters.
  virtual uint16_t RefusalOf(const SHttpRequest& request, const CHttpPath& path) const = 0;
  // The pool that the handler runs in.
  virtual uint8_t PoolOf(uint32_t handler) const = 0;
  // Brings the request to its one outcome, or to a deferral.
  virtual void Run(uint32_t handler, SRouteTask& task) = 0;
};

}  // namespace switchboard
