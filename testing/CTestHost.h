#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "misc/CLog.h"
#include "misc/file/CFd.h"
#include "net/config/CConfig.h"
#include "proc/start/ServerSchema.h"
#include "proc/worker/LogicFactory.h"
#include "testing/CFakeClock.h"
#include "testing/CTestWorker.h"

namespace switchboard {

// The inside of a CTestServer: its configuration, clock, log, listening sockets and workers, one after the other.
// Threads: the test's.
class CTestHost {
 public:
  // Throws CConfigError, and what the logic throws.
  CTestHost(const std::vector<std::string>& settings, const LogicFactory& factory, const DescribeLogic& describe);
  ~CTestHost() { Stop(EStopMode::kFast); }
  CTestHost(const CTestHost&) = delete;
  CTestHost& operator=(const CTestHost&) = delete;

  CTestWorker& Worker() { return *m_p_worker; }
  uint32_t Process() const { return m_process; }
  MonotonicTime Deadline() const { return std::chrono::steady_clock::now() + m_patience; }
  void SetPatience(std::chrono::milliseconds patience) { m_patience = patience; }

  // The port of the [[listener]] with this name, or, of "", the first one that speaks `protocol`. Throws CTestFailure
  // when there is none.
  uint16_t PortOf(std::string_view listener, EListenerProtocol protocol) const;
  // A socket that is connected to it.
  CFd Connect(uint16_t port) const;
  // A client has sent so much.
  void CountSent(size_t bytes) { m_sentBytes += bytes; }

  // Waits until nothing happens any more. Throws CTestFailure when that takes longer than the patience.
  void Settle();
  void Advance(MonotonicTime::duration by);
  void Crash();
  void Stop(EStopMode mode);
  uint64_t Count(std::string_view counter) const;
  std::string Log() const;
  // The message of a failure, with the end of the log.
  std::string Told(const std::string& text) const;

 private:
  void Listen();
  void Begin(std::unique_ptr<SWorkerPage> p_page);
  bool IsAtRest();

  const SConfig m_config;
  const LogicFactory m_factory;
  const CFd m_logFile;  // in memory
  CLog m_log;
  CFakeClock m_clock;
  std::chrono::milliseconds m_patience{5000};
  std::vector<CFd> m_listeners;
  std::vector<uint16_t> m_ports;
  uint32_t m_process = 0;
  uint64_t m_sentBytes = 0;  // to the worker of now
  uint64_t m_receivedBefore = 0;
  std::vector<std::unique_ptr<CTestWorker>> m_crashed;
  std::unique_ptr<CTestWorker> m_p_worker;
  bool m_isStopped = false;
};

}  // namespace switchboard
