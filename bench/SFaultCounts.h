#pragma once

#include <atomic>
#include <cstdint>

namespace switchboard::bench {

// What happened to the clients of fault-load, all of them together.
// Threads: any.
struct SFaultCounts {
  using Number = std::atomic<uint64_t>;

  Number requests{0};   // sent whole
  Number replies{0};    // that answer their request, byte for byte
  Number wrong{0};      // that don't
  Number lost{0};       // requests of established connections that were never answered
  Number ended{0};      // established connections that the server ended without having asked the client to leave
  Number left{0};       // … that the client ended because the server had asked it to leave
  Number connects{0};   // attempts to connect, of both kinds of clients
  Number refused{0};    // of them: nobody listened
  Number failed{0};     // of them: came to nothing in any other way, or stayed unanswered
  Number cut{0};        // of them: were made, but ended before the first answer
  Number longestNs{0};  // that a new connection took from connect(2) to its first answer

  void NoteLongest(uint64_t ns) {
    uint64_t longest = longestNs.load(std::memory_order_relaxed);
    while (ns > longest && !longestNs.compare_exchange_weak(longest, ns)) continue;
  }
};

}  // namespace switchboard::bench
