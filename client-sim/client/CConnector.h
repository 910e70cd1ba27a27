#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/CHistogram.h"
#include "client-sim/client/CClient.h"
#include "client-sim/client/CLedger.h"

namespace switchboard::sim {

// Opens, reopens and closes the connections of clients, and counts those in each state. A client that could not connect
// tries again after a pause, if it may.
// Threads: one; but Open by any.
class CConnector {
 public:
  struct SPlan {
    const CEndpoint& server;
    bool isReconnecting = false;  // who could not connect tries again
    uint64_t seed = 1;            // of the pauses
  };

  // Connections are watched by `loop`, edge-triggered, for their CClient. All references outlive this.
  CConnector(const SPlan& plan, CEventLoop& loop, CLedger& ledger) : m_plan(plan), m_loop(loop), m_ledger(ledger) {}

  // Begins to connect a client that is closed. Returns true if it is open at once; else it is connecting, pausing, or
  // HasFailed. Throws std::system_error when the kernel can't watch it.
  bool Connect(CClient& client) { return ConnectFrom(client, 0); }
  // For a client whose socket has become writable. Returns true if it is open now; else it goes on as Connect does.
  bool FinishConnect(CClient& client);
  // Closes it and connects anew.
  bool Reconnect(CClient& client);
  // For a client whose time has come: true, once, if that was the end of its pause.
  bool HasRested(CClient& client);
  // No more requests will come: the client is finishing until the server closes.
  void HalfClose(CClient& client);
  void Close(CClient& client);

  uint64_t Open() const { return m_open.load(std::memory_order_relaxed); }
  size_t Connecting() const { return m_connecting; }
  size_t Pausing() const { return m_pausing; }
  size_t Finishing() const { return m_finishing; }
  // A client could not connect, and won't try again.
  bool HasFailed() const { return m_hasFailed; }
  // Why the last attempt that failed did; empty if none has.
  const std::string& Error() const { return m_error; }
  // From the loss of a connection until it was open again.
  const CHistogram& ReconnectTimes() const { return m_reconnectTimes; }

 private:
  // Tries the addresses of the server from that number on.
  bool ConnectFrom(CClient& client, size_t address);
  void Opened(CClient& client);
  void Fail(CClient& client);

  const SPlan m_plan;
  CEventLoop& m_loop;
  CLedger& m_ledger;
  CHistogram m_reconnectTimes;
  uint64_t m_random = m_plan.seed;
  std::atomic<uint64_t> m_open{0};
  size_t m_connecting = 0;
  size_t m_pausing = 0;
  size_t m_finishing = 0;
  bool m_hasFailed = false;
  std::string m_error;
};

}  // namespace switchboard::sim
