#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"

namespace switchboard {

// Clients that want to notice nothing of what happens to their server: some that stay connected and keep requests in
// flight, and one that connects anew for each request. A GoAway they honour: they finish, and connect again.
// Threads: one; the clients have their own.
class CSteadyLoad {
 public:
  // Connects to the echo of a test server, or of the demo, on 127.0.0.1:`port`.
  CSteadyLoad(uint16_t port, uint16_t echoCode, size_t clients = 8);
  // Stops if nobody did.
  ~CSteadyLoad();

  // Lets all of them finish what they have in flight.
  void Stop();
  // Waits until there were `more` answers than now, to both kinds of clients.
  bool WaitForAnswers(uint64_t more = 200) const;

  uint64_t Answers() const { return m_answers; }
  uint64_t NewConnections() const { return m_newConnections; }
  uint64_t GoAways() const { return m_goAways; }
  // One line for each that was refused, reset, unanswered, or answered wrongly; empty if all is well.
  std::string Complaints() const;

 private:
  struct SClient {
    std::string complaints;  // read when its thread has ended
    CThread thread;
  };

  void Stay(SClient& client, uint32_t number);
  // Serves one connection until the server says GoAway or the load stops.
  void StayOnce(SClient& client, const std::string& text);
  void ConnectAnew(SClient& client);

  const uint16_t m_port;
  const uint16_t m_echoCode;
  std::atomic<bool> m_isStopping{false};
  std::atomic<uint64_t> m_answers{0};
  std::atomic<uint64_t> m_newConnections{0};
  std::atomic<uint64_t> m_goAways{0};
  std::vector<std::unique_ptr<SClient>> m_clients;
};

}  // namespace switchboard
