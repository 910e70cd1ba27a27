#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/CHistogram.h"
#include "client-sim/client/CClient.h"
#include "client-sim/client/CConnector.h"
#include "client-sim/client/CLedger.h"
#include "client-sim/load/CPhaseShare.h"
#include "client-sim/load/CRequestFeed.h"
#include "client-sim/load/Phase.h"
#include "client-sim/scenario/CScenario.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CInbox.h"
#include "misc/thread/CWakeup.h"

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
  Nanoseconds drain{};    // how long the last replies of a phase may take
  Nanoseconds connect{};  // how long opening may take
  uint32_t seed = 0;
  bool isReconnecting = false;   // lost connections are opened again
  bool isResetExpected = false;  // what is in flight then is nobody's fault
};

// Drives its share of the connections on one event loop: opens them, sends as each phase says, waits at its end for the
// last replies, and when there are no more phases reads every stream to its end, so that an answer too many is seen as
// well.
// Threads: Run on its own; Begin, Stop and the const methods by the one that runs the load.
class CDriver final : public CClientDriver {
 public:
  // Drives the connections index, index + drivers, index + 2 × drivers, … Throws std::system_error.
  CDriver(uint32_t index, const SDriverPlan& plan);

  // The body of the thread.
  void Run();

  // Begins a phase, after kReady or kPhaseOver; Latencies begins anew.
  void Begin(const SPhase& phase);
  // Ends the phase early; no other follows, and the driver says farewell.
  void Stop() { Command(ECommand::kStop); }
  // The same, without waiting for a reply or a farewell any more.
  void Cut() { Command(ECommand::kCut); }

  const CLedger& Ledger() const { return m_ledger; }
  // Of the current phase, or else of the last one.
  const CHistogram& Latencies() const { return m_latencies; }
  uint64_t OpenConnections() const { return m_connector.Open(); }
  // Constant from kPhaseOver to Begin: when the phase ended, drain excluded, and its right replies until then.
  MonotonicTime End() const { return m_end; }
  uint64_t RepliesInTime() const { return m_repliesInTime; }
  // Constant after kFinished: connections that were to be opened again, and could not, and how long the others took.
  uint64_t Unopened() const { return m_unopened; }
  const CHistogram& ReconnectTimes() const { return m_connector.ReconnectTimes(); }

 private:
  enum class ECommand : uint8_t { kNone, kBegin, kStop, kCut };
  enum class EStage : uint8_t { kConnecting, kSending, kDraining, kIdle, kLeaving };

  ECommand Commanded() const { return m_command.load(std::memory_order_acquire); }

  void Command(ECommand command);
  bool IsStopped() const { return Commanded() >= ECommand::kStop; }
  bool IsCut() const { return Commanded() == ECommand::kCut; }

  bool OpenAll();
  // Waits for Begin; false when there are no more phases.
  bool AwaitPhase();
  void RunPhase();
  void BeginSending();
  bool IsSending();
  void Drain();
  bool IsDrained() const;
  // Gives up what is due and can't be sent, and then what isn't answered.
  void DropOverdue();
  void AbandonAll();
  void SayFarewell();

  // A turn of the loop, until `deadline` at most, after which the requests that are due are handed out.
  void Turn(MonotonicTime deadline);
  void OnEvents(CClient& client, uint32_t events) override;
  void OnTime(CClient& client) override;
  void HandleEnd(CClient& client, EReadResult result);
  // Hands out the requests that are due by the timetable.
  void HandOut();
  CClient* NextTaker();

  // What comes next on a connection: more requests, or a successor.
  void Advance(CClient& client);
  void Connect(CClient& client);
  void Reconnect(CClient& client);
  bool HasConnections() const { return m_connector.Open() + m_connector.Connecting() + m_connector.Pausing() != 0; }

  const SDriverPlan m_plan;
  const uint32_t m_index;  // among the drivers
  CWakeup m_wakeup;
  std::atomic<ECommand> m_command{ECommand::kNone};
  SPhase m_phase;  // written before kBegin, read after
  CLedger m_ledger;
  CHistogram m_latencies;

  CEventLoop m_loop;
  CEventCallback m_onWakeup{[this] { m_wakeup.Clear(); }};
  CConnector m_connector;
  std::deque<CClient> m_clients;
  CPhaseShare m_share;
  CRequestFeed m_feed;
  size_t m_nextTaker = 0;
  std::vector<CClient*> m_takers;
  std::vector<std::byte> m_in;
  EStage m_stage = EStage::kConnecting;
  std::string m_error;  // why not all could be opened
  MonotonicTime m_end;
  uint64_t m_repliesBefore = 0;
  uint64_t m_repliesInTime = 0;
  uint64_t m_unopened = 0;
};

}  // namespace switchboard::sim
