#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/SHttpRequest.h"

namespace switchboard {

// Writes lines of the combined log format, which log analysers know:
//   PEER - - [TIME] "METHOD TARGET VERSION" STATUS BYTES "REFERER" "USER-AGENT"
// What the client sent can't break out of its quotes, nor reach a terminal: quotes, backslashes, control bytes and
// bytes from 0x7f on become \xHH. A part that is absent is "-".
// Threads: any.
class CHttpLogLine {
 public:
  // Appends a line, its line feed included. `peer` is the client's address, `logTime` as CHttpNow gives it, `bodyBytes`
  // what was sent, or will be, of the body. A request that could not be read gives what was read of it.
  static void Append(std::string& out, std::string_view peer, std::string_view logTime, const SHttpRequest& request,
                     uint16_t status, uint64_t bodyBytes);
  static void AppendEscaped(std::string& out, std::string_view text);
};

}  // namespace switchboard
