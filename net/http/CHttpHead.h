#pragma once

#include <string_view>

#include "net/http/SHttpRequest.h"

namespace switchboard {

// Reads the head of a request, and refuses all that could be read in two ways (RFC 9112 §§2.2, 3, 5, 6; docs/HTTP.md
// has the list).
// Threads: any.
class CHttpHead {
 public:
  // Fills `request` with views into `head`, which CHttpHeadScanner has passed, and which is whole. With a verdict other
  // than 0, `request` holds what was read until then, for the log. Allocates nothing.
  static SHttpVerdict Parse(std::string_view head, SHttpRequest& request);
};

}  // namespace switchboard
