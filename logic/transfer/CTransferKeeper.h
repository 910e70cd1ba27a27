#pragma once

#include <atomic>

#include "logic/transfer/CTransferStore.h"
#include "logic/transfer/STransferConfig.h"
#include "misc/thread/CThread.h"
#include "misc/thread/CWakeup.h"

namespace switchboard {

// Keeps a store in order from a thread of its own, sb-keep, of less weight: a walk through many files, or a slow disk,
// holds no handler up. It removes abandoned uploads, and counts the files from time to time.
// Threads: the worker's main thread, but for WantCount, which any calls.
class CTransferKeeper {
 public:
  // Starts the thread. The store outlives it.
  CTransferKeeper(const CTransferStore& store, const STransferConfig& config);
  // Ends it, and the count that runs.
  ~CTransferKeeper();
  CTransferKeeper(const CTransferKeeper&) = delete;
  CTransferKeeper& operator=(const CTransferKeeper&) = delete;

  // Somebody was refused for lack of room: counts soon, but at most once a minute, since some may have been made by
  // hand.
  void WantCount();

 private:
  void Run();

  const CTransferStore& m_store;
  const STransferConfig m_config;
  CWakeup m_wakeup;
  std::atomic<bool> m_isCountWanted{false};
  std::atomic<bool> m_isStopping{false};
  CThread m_thread;
};

}  // namespace switchboard
