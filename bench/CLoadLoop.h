#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/CPeerProtocol.h"
#include "client-sim/base/CHistogram.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"

namespace switchboard::bench {

struct SLoadPlan {
  uint16_t port = 0;  // of 127.0.0.1
  uint32_t connections = 64;
  uint32_t depth = 1;
};

// A closed loop: each connection keeps `depth` requests in flight, and what one read has answered is asked anew with
// one send. Threads: one.
class CLoadLoop {
 public:
  // Connects, and does what the protocol has to do before the first request. Throws std::exception.
  CLoadLoop(const SLoadPlan& plan, CPeerProtocol& protocol);

  // Begins to ask; once.
  void Start();
  // Goes on until `deadline`. Throws CWrongReply, or std::runtime_error when the server hangs up.
  void RunUntil(MonotonicTime deadline);
  // Forgets what was counted so far.
  void Reset();

  uint64_t Replies() const { return m_latencies.Count(); }
  const sim::CHistogram& Latencies() const { return m_latencies; }

 private:
  struct SConnection {
    CFd fd;
    uint64_t firstStamp = 0;
    uint64_t asked = 0;
    uint64_t answered = 0;
    std::vector<MonotonicTime> sentAt;  // of request n at n % depth
    std::vector<std::byte> partial;     // the started reply at the end of the last read
  };

  void Introduce(SConnection& connection);
  void Ask(SConnection& connection, uint32_t count, MonotonicTime now);
  void Receive(SConnection& connection, MonotonicTime now);

  const SLoadPlan m_plan;
  CPeerProtocol& m_protocol;
  CFd m_epoll;
  std::vector<SConnection> m_connections;
  std::vector<std::byte> m_in;
  std::vector<std::byte> m_out;
  sim::CHistogram m_latencies;
};

}  // namespace switchboard::bench
