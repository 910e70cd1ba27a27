#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "proc/health/CIoLoad.h"
#include "proc/health/CScaler.h"
#include "proc/workforce/CGenerations.h"
#include "proc/workforce/CWorkforce.h"

namespace switchboard {

// Adds and retires workers of the current generation as the load asks for it (server.workers as a table). CScaler
// decides, this measures and obeys.
// Threads: one, the master's.
class CAutoscaler {
 public:
  // References outlive the object.
  CAutoscaler(CLog& log, const CClock& clock, CWorkforce& workforce, CGenerations& generations)
      : m_log(log), m_clock(clock), m_workforce(workforce), m_generations(generations), m_scaler(clock) {}

  // From now on within these limits; none: the number stays.
  void Configure(const std::optional<SDynamicWorkers>& limits) { m_scaler.Configure(limits); }

  std::optional<MonotonicTime> NextDeadline() const { return m_scaler.NextLook(); }
  // At that time or at any other. While something else is changed (`isSettled` is false), no number is.
  void HandleDeadline(bool isSettled);
  // In process-pool mode, while a client waits: one worker more, and not before the one before it serves.
  void AddOnDemand();
  // After the end of a worker.
  void Forget(pid_t pid) { m_ioLoad.Forget(pid); }

 private:
  std::vector<double> MeasureLoads();
  void AddWorker(const std::string& why);
  void RetireWorker();
  CGeneration& Current() const { return *m_generations.Current(); }
  bool IsProcessPool() const { return Current().Config().business.mode == EBusinessMode::kProcessPool; }

  CLog& m_log;
  const CClock& m_clock;
  CWorkforce& m_workforce;
  CGenerations& m_generations;
  CScaler m_scaler;
  CIoLoad m_ioLoad;
};

}  // namespace switchboard
