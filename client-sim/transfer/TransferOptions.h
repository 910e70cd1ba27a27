#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace switchboard::sim {

// Everything that the command line of a get or a put says.
struct STransferOptions {
  std::string server;
  std::string remote;
  std::string local;
  bool isResuming = true;                     // goes on where an earlier attempt was broken off
  bool isReplacing = true;                    // a file of that name may be there
  bool isVerifying = true;                    // compares the SHA-256 of both sides
  uint32_t retries = 5;                       // connections lost in a row without any progress, until it gives up
  std::chrono::milliseconds patience{10000};  // how long the server may say nothing
  bool isQuiet = false;
};

}  // namespace switchboard::sim
