#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client-sim/CClient.h"
#include "client-sim/CEndpoint.h"
#include "client-sim/CHistogram.h"
#include "client-sim/CLedger.h"
#include "client-sim/CPacer.h"
#include "client-sim/CScenario.h"
#include "client-sim/CSendBuffer.h"
#include "client-sim/CTimerQueue.h"
#include "client-sim/Phase.h"
#include "misc/CClock.h"
#include "misc/CFd.h"
#include "misc/CInbox.h"
#include "misc/CWakeup.h"

namespace switchboard::sim {

// What a driver tells the thread that runs the load.
struct SDriverNote {
  enum class EKind : uint8_t {
    kReady,      // all its connections are open
    kFailed,     // one of them could not be opened; the driver has ended
    kPhaseOver,  // nothing is in flight any more
    kFinished,   // its connections are closed; the driver has ended
  };
  EKind kind;
  std::string text;  // of kFailed
};

// What all drivers of a run share; every reference outlives them.
struct SDriverPlan {
  const CEndpoint& server;
  const CScenario& scenario;
  const CClock& clock;
  CInbox<SDriverNote>& notes;
  uint32_t connections = 0;  // of all drivers together
  uint32_t drivers = 1;
  uint64_t drainNs = 0;    // how long the last replies of a phase may take
  uint64_t connectNs = 0;  // how long opening may take
  uint32_t seed = 0;
  bool isReconnecting = false;   // lost connections are opened again
  bool isResetExpected = false;  // what is in flight then is nobody's fault
};

// Drives its share of the connections on one epoll: opens them, sends as each phase says, waits at its end for the last
// replies, and when there are no more phases reads every stream to its end, so that an answer too many is seen as well.
// Threads: Run on its own; Begin, Stop and the const methods by the one that runs the load.
class CDriver {
 public:
  // Drives the connections index, index + drivers, index + 2 × drivers, … Throws std::system_error.
  CDriver(uint32_t index, const SDriverPlan& plan);

  // The body of the thread.
  void Run();

  // Begins a phase, after kReady or kPhaseOver; Latencies begins anew.
  void Begin(const SPhase& phase);
  // Ends the phase early; no other follows, and the driver says farewell.
  void Stop();

  const CLedger& Ledger() const { return m_ledger; }
  // Of the current phase, or else of the last one.
  const CHistogram& Latencies() const { return m_latencies; }
  uint64_t OpenConnections() const { return m_open.load(std::memory_order_relaxed); }
  // Constant from kPhaseOver to Begin: when the phase ended, drain excluded, and its right replies until then.
  uint64_t EndNs() const { return m_endNs; }
  uint64_t RepliesInTime() const { return m_repliesInTime; }
  // Constant after kFinished: connections that were to be opened again, and could not, and how long the others took.
  uint64_t Unopened() const { return m_unopened; }
  const CHistogram& ReconnectTimes() const { return m_reconnectTimes; }

 private:
  enum class ECommand : uint8_t { kNone, kBegin, kStop };
  enum class EStage : uint8_t { kConnecting, kSending, kDraining, kIdle, kLeaving };

  ECommand Commanded() const { return m_command.load(std::memory_order_acquire); }

  bool OpenAll();
  // Waits for Begin; false when there are no more phases.
  bool AwaitPhase();
  void RunPhase();
  void BeginSending();
  bool IsSending() const;
  void Drain();
  bool IsDrained() const;
  // Gives up what is due and can't be sent, and then what isn't answered.
  void DropOverdue();
  void AbandonAll();
  void SayFarewell();

  // Waits until `deadlineNs` at most, and handles what happened and what is due.
  void WaitAndHandle(uint64_t deadlineNs);
  uint64_t NextDueNs() const;
  void HandleEvent(CClient& client, uint32_t events);
  void HandleConnected(CClient& client);
  void HandleEnd(CClient& client, EReadResult result);
  void HandleTimers();
  // Hands out the requests that are due by the timetable.
  void HandOut();
  bool HasArrivals() const { return m_pacer && m_left != 0 && m_startNs + m_pacer->NextNs() <= m_lastDueNs; }
  CClient* NextTaker();

  // What comes next on a connection: more requests, or a successor.
  void Advance(CClient& client);
  void TopUp(CClient& client);
  // How many requests the client may send now.
  size_t Allowance(CClient& client) const;
  // Appends up to `most` requests to m_out. Returns how many, at least one.
  size_t Issue(CClient& client, size_t most);
  bool BeginsToThink(CClient& client);

  // Tries the addresses of the server from that number on.
  void Open(CClient& client, size_t address = 0);
  void Opened(CClient& client);
  void OpenFailed(CClient& client);
  void Reopen(CClient& client);
  void HalfClose(CClient& client);
  void Close(CClient& client);
  void Watch(CClient& client);
  uint64_t Now() const;
  bool HasConnections() const { return OpenConnections() + m_connecting + m_waiting != 0; }

  const SDriverPlan m_plan;
  const uint32_t m_index;  // among the drivers
  CWakeup m_wakeup;
  std::atomic<ECommand> m_command{ECommand::kNone};
  SPhase m_phase;  // written before kBegin, read after
  CLedger m_ledger;
  CHistogram m_latencies;
  CHistogram m_reconnectTimes;
  std::atomic<uint64_t> m_open{0};

  CFd m_epoll;
  std::deque<CClient> m_clients;
  CTimerQueue<CClient> m_timers;
  std::optional<CPacer> m_pacer;  // of an open loop
  size_t m_nextTaker = 0;
  std::vector<CClient*> m_takers;
  std::vector<std::byte> m_in;
  CSendBuffer m_out;
  uint64_t m_nowNs = 0;  // when the last bytes arrived or the last wait ended: requests built now leave as of then
  EStage m_stage = EStage::kConnecting;
  size_t m_connecting = 0;  // clients in each state but open and closed
  size_t m_finishing = 0;
  size_t m_waiting = 0;      // those that wait for their next attempt to connect
  uint64_t m_left = 0;       // requests that the phase may still send
  uint64_t m_lastDueNs = 0;  // arrivals after that aren't this phase's any more
  bool m_hasFailed = false;  // a client could not connect, and won't try again
  std::string m_error;       // of the last attempt that failed
  uint64_t m_random;
  uint64_t m_startNs = 0;  // of the phase
  uint64_t m_endNs = 0;
  uint64_t m_repliesBefore = 0;
  uint64_t m_repliesInTime = 0;
  uint64_t m_unopened = 0;
};

}  // namespace switchboard::sim
