#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "logic/CLogic.h"
#include "net/network/CNetwork.h"
#include "testing/CSessionWatch.h"

namespace switchboard {

// One life of a worker, inside the process of the test: a logic, and the network that serves it. Threads: the test's.
class CTestWorker {
 public:
  // Calls OnWorkerStart, and serves. Throws what the logic throws.
  CTestWorker(const SNetworkDeps& deps, std::unique_ptr<CLogic> p_logic, std::unique_ptr<SWorkerPage> p_page,
              std::vector<SListenerSocket> listeners);
  // Stops, if nobody did; what a crash has left calls its OnWorkerStop now.
  ~CTestWorker();
  CTestWorker(const CTestWorker&) = delete;
  CTestWorker& operator=(const CTestWorker&) = delete;

  CLogic& Logic() { return *m_p_logic; }
  CNetwork& Network() { return *m_p_network; }
  SWorkerPage& Page() { return *m_p_page; }
  CSessionWatch& Watch() { return m_watch; }

  void Stop(EStopMode mode) { m_p_network->Stop(mode); }
  // Ends as a process ends that is killed: its connections do, and no hook is called. Only while it's at rest.
  // Returns the page as the master leaves it to the next worker.
  std::unique_ptr<SWorkerPage> Crash();

 private:
  std::unique_ptr<SWorkerPage> m_p_page;
  std::unique_ptr<CLogic> m_p_logic;
  CSessionWatch& m_watch;
  std::unique_ptr<CNetwork> m_p_network;
  std::vector<CModule*> m_forsaken;
};

}  // namespace switchboard
