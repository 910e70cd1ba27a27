#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/accept/CAcceptor.h"
#include "net/config/CConfig.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CQuarantine;
class CApplication;
class CHubBoard;
class CWakeup;

enum class EStopMode : uint8_t {
  kFast,      // what was not handled is not answered; what is queued unsent has one second to leave
  kAbort,     // nothing more is handled or sent: the clients see what they would see if the process died
  kGraceful,  // with protocol.goaway, and over HTTP, the clients are asked to leave, and served until they did; then
              // everything accepted is answered and sent, by server.shutdown_timeout_s at the latest
};

// What a network needs from outside; all references outlive it.
struct SNetworkDeps {
  const SConfig& config;
  CLog& log;
  const CClock& clock;
  SWorkerPage& page;
  uint32_t process = 0;                       // the number of the worker process: of its sessions
  const CQuarantine* p_quarantine = nullptr;  // none: nothing is quarantined
  CWakeup* p_masterBell = nullptr;            // of the master that accepts for its workers; none: it doesn't
  CHubBoard* p_hub = nullptr;                 // that was told to KeepOnly; none: it is alone
};

// All the parts of one worker (pool, receiver, dispatcher, sender, recycler, heartbeat), started and stopped in order.
// Threads: one, the worker's main thread, but for Hasten.
class CNetwork {
 public:
  // Binds `application` (which must outlive the network) to the parts. Starts no thread.
  // Throws std::logic_error when the handler table is unusable, std::system_error when the system refuses a resource.
  CNetwork(const SNetworkDeps& deps, CApplication& application, std::vector<SListenerSocket> listeners);
  // Stops fast if nobody did.
  ~CNetwork();
  CNetwork(const CNetwork&) = delete;
  CNetwork& operator=(const CNetwork&) = delete;

  // Starts the threads, then accepts.
  void Start();
  // Accepts on one more socket, of a worker that retired. Only between Start and Stop.
  void AddListener(SListenerSocket listener);
  // Takes a client that the master has accepted on the listener with this index. Only with a master's bell, and between
  // Start and Stop.
  void AddClient(CFd fd, uint32_t listener);
  // There is a line to another worker process. Only between Start and Stop.
  void AddPeer(uint32_t process, CFd fd);
  // Tells the application, soon, that the worker process with this number has died. Only between Start and Stop.
  void NoteLost(uint32_t process);
  // Opens the access logs anew, after logrotate moved them. Only between Start and Stop.
  void ReopenLogs();
  // The one ordered list: accept what waits if it's a graceful end of the server or of a listener (`isLastCall`), stop
  // accepting, ask the clients to leave, stop reading, drain mailboxes, join the pool, flush, close, join. Returns when
  // no thread runs any more. Call once.
  void Stop(EStopMode mode, EGoAwayReason reason = EGoAwayReason::kStop, bool isLastCall = false);

  // Makes a graceful Stop that goes on (or comes) a fast one. Threads: any, while the network lives.
  void Hasten();

  // For whoever holds the clock in the hand. Threads: any, while the network lives.
  // The clock was put forward: what has become due is to be done now.
  void LookAtClock();
  // When the next timer is due, or the next peer to be judged for its silence.
  std::optional<MonotonicTime> NextDeadline() const;
  // No thread of the network works, and nothing waits for one: only a client, the clock, or a thread of the logic's own
  // can make something happen.
  bool IsAtRest() const;

 private:
  bool AskClientsToLeave(EGoAwayReason reason, MonotonicTime deadline);

  struct SParts;
  std::unique_ptr<SParts> m_p_parts;
};

}  // namespace switchboard
