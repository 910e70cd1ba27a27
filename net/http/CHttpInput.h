#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "net/http/CHttpParser.h"

namespace switchboard {

// What an HTTP connection owns while something of its requests has arrived and isn't handled: a started request, or
// bytes that have to wait. It holds what has arrived, never what a header claims.
// Threads: sb-io.
struct CHttpInput {
  CHttpParser parser;              // has the started request
  std::vector<std::byte> waiting;  // come behind that; not looked at yet, from waitingAt on
  size_t waitingAt = 0;
};

}  // namespace switchboard
