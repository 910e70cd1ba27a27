#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "misc/CLog.h"
#include "net/wire/Counters.h"
#include "proc/health/CCrashFiles.h"
#include "proc/health/TracedPacket.h"

namespace switchboard {

// Finds out what a worker that was killed by a signal had in its hands: every packet is logged and saved for a replay.
// Threads: one, the master's.
class CInquest {
 public:
  // The records are saved in `folder`.
  CInquest(CLog& log, std::filesystem::path folder) : m_log(log), m_files(std::move(folder)) {}

  // After the death of the worker of `page`, by `signal`. Returns the packet whose handler killed it, if one did.
  // `businessThreads` are the names of its threads (BusinessThreads), as far as they are known.
  std::optional<STracedPacket> Hold(const SWorkerPage& page, pid_t pid, int signal,
                                    const std::vector<std::string>& businessThreads = {});

  // Which of the packets at hand is to blame for a death by `signal`: the one of the thread that the signal hit.
  // nullptr when there is none, or no mark says which thread that was: nobody is blamed on suspicion.
  static const STracedPacket* Blame(const std::vector<STracedPacket>& packets, int signal, uint64_t faultThread);
  // What runs in a page; best read when nothing runs any more. `businessThreads` as above.
  static std::vector<STracedPacket> PacketsIn(const SWorkerPage& page, std::vector<std::string> businessThreads = {});
  // The code of the user's that `thread` runs, as above.
  static std::optional<STracedCode> UserCodeOf(const SWorkerPage& page, uint64_t thread,
                                               std::vector<std::string> businessThreads = {});

 private:
  // The thread that was hit had no packet in hand: what it did instead.
  void ReportThread(const SWorkerPage& page, int signal, uint64_t faultThread,
                    const std::vector<std::string>& businessThreads);
  void Report(const STracedPacket& packet, const SWorkerPage& page, pid_t pid, int signal, bool isToBlame);

  CLog& m_log;
  const CCrashFiles m_files;
};

}  // namespace switchboard
