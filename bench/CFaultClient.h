#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "bench/CFaultProtocol.h"
#include "bench/SFaultCounts.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"

namespace switchboard::bench {

// What all clients of a run have in common.
struct SFaultPlan {
  uint16_t port = 0;                           // of 127.0.0.1
  std::chrono::microseconds pace{10'000};      // from one request of a connection to its next, at least
  std::chrono::microseconds newPace{5'000};    // from one new connection to the next, at least
  std::chrono::milliseconds patience{10'000};  // for a connect or an answer
  bool isUntilRefused = false;                 // the first connect that is refused ends all clients
};

// One client that notes how its server fares: it checks each answer, honours the server's wish that it leave, and when
// it loses its connection makes another.
// Threads: one each; any for the flag.
class CFaultClient {
 public:
  // References outlive the client. When `isStopping` is set and `stopFd` readable, it finishes its request and ends.
  CFaultClient(const SFaultPlan& plan, const CFaultProtocol& protocol, SFaultCounts& counts,
               std::atomic<bool>& isStopping, int stopFd, uint32_t number);

  // Keeps one connection, and asks on it again and again.
  void Stay();
  // Connects anew for each request.
  void ConnectAnew();

 private:
  using EAnswer = CFaultProtocol::EAnswer;

  // An invalid descriptor when it failed, which is counted.
  CFd Connect();
  // Serves one connection to its end.
  void StayOn(const CFd& fd);
  // One request; kNone when the connection has ended, or the patience.
  EAnswer Ask(const CFd& fd);
  // The next thing that comes before the deadline; kNone at the end of the stream, nullopt when nothing came.
  std::optional<EAnswer> Receive(const CFd& fd, MonotonicTime deadline, bool isAsking);
  // Ends the connection in order: what is in flight in either direction arrives.
  void Leave(const CFd& fd);
  // Returns false when the clients are to stop.
  bool Rest(MonotonicTime until);

  const SFaultPlan& m_plan;
  const CFaultProtocol& m_protocol;
  SFaultCounts& m_counts;
  std::atomic<bool>& m_isStopping;
  const int m_stopFd;
  uint64_t m_stamp;
  std::string m_input;
};

}  // namespace switchboard::bench
