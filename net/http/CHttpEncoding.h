#pragma once

#include "net/http/SHttpRequest.h"

namespace switchboard {

// What the client says about content codings (RFC 9110 §12.5.3).
// Threads: any.
class CHttpEncoding {
 public:
  // Whether a gzip-coded answer may be sent, and is liked at least as well as a plain one. Without an Accept-Encoding
  // field it is not; a malformed quality counts as 0. The answer needs "Vary: Accept-Encoding" either way.
  static bool AcceptsGzip(const SHttpRequest& request);
};

}  // namespace switchboard
