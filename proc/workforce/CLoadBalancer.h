#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "misc/CLimitedLog.h"
#include "misc/CLog.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CWakeup.h"
#include "net/wire/Counters.h"
#include "proc/sys/CWaiter.h"
#include "proc/worker/CGeneration.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CWorkerSet.h"
#include "proc/workforce/CClientQueue.h"

namespace switchboard {

// Accepts for the workers (accept = "dispatch"), and passes each client to the one with the fewest connections.
//
// A passed client's socket stays open here until the worker has made a connection of it (SHandOver::taken): what a
// worker leaves untaken at its end goes to another one. When nobody has room, who was accepted waits here, first come,
// first served, and nobody else is accepted: the others wait in the accept queue of the kernel. With business.mode =
// "process_pool" a worker has room for one client, and business.queue_clients may wait here, who has gone meanwhile not
// counted; beyond that they are refused.
// Threads: one, the master's.
class CLoadBalancer {
 public:
  // Passed to one worker and not taken yet; what it may sit on when it hangs.
  static constexpr uint64_t kMaxInFlight = 32;
  static constexpr uint64_t kMaxMissed = 64;  // what SHandOver::missed has room for

  // References outlive the object. Throws std::system_error.
  CLoadBalancer(CLog& log, const CClock& clock, const CListenerStore& listeners, CScoreboard& scoreboard,
                CWorkerSet& workers);

  // Readable when HandleEvents has something to do.
  int Fd() const { return m_p_waiter->Fd(); }
  // For the workers, who ring when they have taken clients, or have room again and were asked to tell.
  CWakeup& Bell() { return m_bell; }

  // From now on this generation's workers get the clients of those of its listeners that are to be dispatched. Also
  // when the store has got more sockets of these.
  void Serve(const std::shared_ptr<CGeneration>& p_generation);
  // Accepts no more until the next Serve; who waits here waits on.
  void Rest();
  // Passes who waits to any worker that has a slot, before all of them leave; in process-pool mode they wait on.
  void PassAll();
  // For good: refuses who waits.
  void Stop();

  void HandleEvents();
  // Passes on who waits, as far as there is room: a worker may have become ready, or continues.
  void Deliver();
  // When accepting is tried again that the system has refused, or lines that were held back are told.
  std::optional<MonotonicTime> NextDeadline();
  void HandleDeadline();

  // A worker's process has stopped (SIGSTOP), or continues; it has ended, and its page is still its own.
  void OnPaused(pid_t pid, bool isPaused);
  void OnEnd(const SWorkerProcess& worker);

  // In process-pool mode: whether somebody waits for a worker; and whether this one serves somebody.
  bool WantsWorker() const { return m_isPool && !m_waiting.IsEmpty(); }
  bool IsBusy(const SWorkerProcess& worker);

  // In a forked worker: closes what is the master's. The bell stays.
  void Forget();

 private:
  using SClient = CClientQueue::SClient;
  struct SReceiver {
    std::deque<SClient> inFlight = {};
    uint64_t sent = 0;
    uint64_t collected = 0;
    bool isPaused = false;
    bool isBlocked = false;  // it, or its channel, is out of something at the moment
  };
  struct SRoom {
    uint64_t inFlight = 0;
    uint64_t load = 0;  // connections, those that are on their way included
    bool isThere = false;
  };

  void Accept(uint32_t source);
  // False when the socket has nobody any more, or the system nothing to give.
  bool AcceptOne(const SClient& source);
  enum class ERefusal : uint16_t { kStop, kBusy, kListenerGone };
  void Refuse(SClient client, ERefusal why);
  // A worker that couldn't take a client gets none until something of it is freed, or until the next try.
  void Block(const SWorkerProcess& worker, SReceiver& receiver);
  // Lets go of what the workers have taken; takes back what they won't take.
  void Collect();
  void Collect(const SWorkerProcess& worker, SReceiver& receiver);
  bool Pass(SClient& client);
  SWorkerProcess* FindRoom();
  SWorkerProcess* FindLeastLoaded();
  bool IsEligible(const SWorkerProcess& worker);
  SRoom RoomOf(const SWorkerProcess& worker);
  void AskForRoom();
  // Watches the listening sockets, or doesn't, as things are.
  void Arm();

  const CClock& m_clock;
  const CListenerStore& m_listeners;
  CScoreboard& m_scoreboard;
  CWorkerSet& m_workers;
  CWakeup m_bell;
  std::unique_ptr<CWaiter> m_p_waiter;

  std::shared_ptr<CGeneration> m_p_generation;  // none: rests
  bool m_isPool = false;
  bool m_isArmed = false;
  bool m_isLastCall = false;               // in PassAll
  bool m_isStarved = false;                // of descriptors
  std::optional<MonotonicTime> m_retryAt;  // while the system refuses something
  std::vector<SClient> m_sources;          // duplicates of the listening sockets
  CClientQueue m_waiting;
  std::map<pid_t, SReceiver> m_receivers;
  CLimitedLog m_limitedLog;
};

}  // namespace switchboard
