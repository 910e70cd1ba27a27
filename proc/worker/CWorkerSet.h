#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CWakeup.h"
#include "net/hub/CHubBoard.h"
#include "net/network/CNetwork.h"
#include "net/wire/Counters.h"
#include "proc/sys/CChannel.h"
#include "proc/worker/CGeneration.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"

namespace switchboard {

// What a new worker has of the hub.
struct SHubLaunch {
  struct SLine {
    uint32_t process = 0;
    CFd fd;
  };
  CHubBoard& board;  // which it has to KeepOnly
  std::vector<SLine> lines;
};

// What a new worker is told.
struct SWorkerLaunch {
  uint32_t slot = 0;
  uint32_t page = 0;     // of the scoreboard
  uint32_t process = 0;  // its number; no other worker of the server ever has it
  const CGeneration& generation;
  CWakeup* p_masterBell = nullptr;  // of a master that accepts for its workers
  SHubLaunch* p_hub = nullptr;      // none: it is alone
};

// A live worker process, as its master sees it.
struct SWorkerProcess {
  pid_t pid = 0;
  uint32_t slot = 0;
  uint32_t page = 0;
  uint32_t process = 0;  // its number
  std::shared_ptr<CGeneration> p_generation;
  CChannel channel;
  std::set<CListenerStore::Key> serves = {};  // of the kept sockets
  bool isReady = false;
  bool isReopening = false;                            // its log
  bool isLeaving = false;                              // was told to stop
  std::optional<MonotonicTime> killAt = std::nullopt;  // while it starts or leaves
  std::string failure = {};                            // what it said before it died
};

// The live workers of a master, of all generations: starts them, tells them things, forgets them.
// Threads: one, the master's.
class CWorkerSet {
 public:
  // How much longer than server.shutdown_timeout_s a worker may live after it was told to stop.
  static constexpr std::chrono::milliseconds kKillGrace{3000};

  // What the forked process does; never returns.
  using Become = std::function<void(const SWorkerLaunch& launch, CChannel channel)>;
  using Processes = std::map<pid_t, SWorkerProcess>;

  // References outlive the set.
  CWorkerSet(CLog& log, const CClock& clock, CListenerStore& listeners, CScoreboard& scoreboard,
             CProcessNumbers& numbers, Become become)
      : m_log(log),
        m_clock(clock),
        m_listeners(listeners),
        m_scoreboard(scoreboard),
        m_numbers(numbers),
        m_become(std::move(become)) {}

  // Forks; the worker is killed when it isn't ready after server.start_timeout_s. Throws std::system_error.
  SWorkerProcess& Spawn(const std::shared_ptr<CGeneration>& p_generation, uint32_t slot);

  const Processes& All() const { return m_processes; }
  bool IsEmpty() const { return m_processes.empty(); }
  SWorkerProcess* Find(pid_t pid);
  // It serves; from now on it has all the time it wants.
  void NoteReady(SWorkerProcess& worker);
  // The worker of a slot, if it lives and has not been told to stop.
  SWorkerProcess* Serving(const CGeneration& generation, uint32_t slot);
  // Whether each slot of a generation has a worker that serves.
  bool AreReady(const CGeneration& generation);
  // Whether a generation has a worker that has not been told to stop.
  bool HasAny(const CGeneration& generation) const;
  // After its end.
  SWorkerProcess Remove(pid_t pid);
  // In a forked worker: closes what belongs to the others.
  void Forget();

  // Has every kept socket of a generation's listeners served by one of its workers, also those of slots that are gone;
  // but for those that all of them share, or the master serves.
  void HandOver(const CGeneration& generation);

  // Has every socket on which the master accepted served by all workers of a generation: for the end of the server.
  void HandOverDispatched(const CGeneration& generation);

  // A listener goes: the workers of a generation, which are about to stop, accept who waits there before they do.
  void CallLast(const CGeneration& generation, uint32_t listener);

  // A worker has died whose sessions nobody has ended: tells those that serve, and the next one of its slot when it
  // does.
  void TellOfLost(const SWorkerProcess& lost);
  // Tells a worker to stop, and why; it is killed when it takes too long.
  void TellToStop(SWorkerProcess& worker, EStopMode mode, EGoAwayReason reason = EGoAwayReason::kStop);
  void Signal(int number) const;
  // Tells all to reopen their logs, and whether those that serve have done it.
  void ReopenLogs();
  bool HaveReopenedLogs() const;
  std::optional<MonotonicTime> NextKill() const;
  void KillOverdue();

 private:
  void HandOverDispatched(const CGeneration& generation, uint32_t listener);
  // The ends of a new worker's lines to all others: its own, and theirs in the same order. Throws std::system_error.
  std::vector<SHubLaunch::SLine> MakeLines(std::vector<CFd>& theirs) const;
  void PassLines(uint32_t process, std::vector<CFd> theirs);

  CLog& m_log;
  const CClock& m_clock;
  CListenerStore& m_listeners;
  CScoreboard& m_scoreboard;
  CProcessNumbers& m_numbers;
  const Become m_become;
  CHubBoard m_hub;
  Processes m_processes;
  std::multimap<uint32_t, uint32_t> m_lost;  // numbers of processes, by the slot whose next worker isn't told yet
};

}  // namespace switchboard
