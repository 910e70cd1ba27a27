#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "misc/CLimitedLog.h"
#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/wire/Counters.h"
#include "proc/health/CInquest.h"
#include "proc/health/CRepeatOffenders.h"
#include "proc/health/CWatchdog.h"

namespace switchboard {

// The master's doctor for its workers: the watchdog while they live, the inquest when they died, the quarantine for
// what keeps killing them.
// Threads: one, the master's.
class CSupervisor {
 public:
  // Signals a worker of the master's.
  using Kill = std::function<void(pid_t pid, int signal)>;

  // References outlive the supervisor; the records of crashes are saved in `folder`.
  CSupervisor(CLog& log, const CClock& clock, CQuarantine& quarantine, std::filesystem::path folder, Kill kill);

  // What is quarantined is tried again after so long: what crashes workers, and what only was too slow for the
  // watchdog.
  static constexpr std::chrono::minutes kCrashSentence{10};
  static constexpr std::chrono::minutes kHangSentence{1};

  // A reload has succeeded: the quarantine ends, and what was done before is forgotten.
  void Forgive();

  // In the life of each worker, which is judged by `config`, what it runs with: it serves (the page is its own until
  // OnEnd); it was told to stop; somebody stopped its process, or let it continue.
  void OnReady(pid_t pid, SWorkerPage& page, const SConfig& config);
  void OnToldToStop(pid_t pid) { Forget(pid); }
  void OnPaused(pid_t pid) { m_watchdog.NoteStopped(pid); }
  void OnContinued(pid_t pid) { m_watchdog.NoteContinued(pid); }
  // Tells what was held back of the log's lines, at the end.
  void FlushLog() { m_slowLog.FlushAll(); }
  // It has ended with a `status` of waitpid(2). Before its page is written off.
  void OnEnd(pid_t pid, SWorkerPage& page, int status, const SConfig& config);

  std::optional<MonotonicTime> NextDeadline();
  // At that time or at any other.
  void HandleDeadlines();

 private:
  void Forget(pid_t pid);
  void Obey(const SWatchdogOrder& order);
  void Judge(pid_t pid, const SWorkerPage& page, int signal, bool wasTooSlow, const SConfig& config);
  void Quarantine(uint16_t msgCode, CRepeatOffenders::EKind kind);
  void ReleaseServed();

  CLog& m_log;
  const CClock& m_clock;
  CQuarantine& m_quarantine;
  const Kill m_kill;
  CWatchdog m_watchdog;
  CInquest m_inquest;
  CRepeatOffenders m_offenders;

  CLimitedLog m_slowLog;
  std::map<pid_t, SWorkerPage*> m_pages;          // of those that serve
  std::set<pid_t> m_tooSlow;                      // those that the watchdog has ended
  std::map<uint16_t, MonotonicTime> m_sentences;  // until when a msgCode is quarantined
};

}  // namespace switchboard
