#pragma once

#include <string>
#include <utility>

#include "misc/CLog.h"
#include "proc/worker/CWorkerSet.h"

namespace switchboard {

// How a worker process ended, and what that means.
// Threads: one, the master's.
class CWorkerEnd {
 public:
  // `status` as of waitpid(2).
  CWorkerEnd(SWorkerProcess worker, int status) : m_worker(std::move(worker)), m_status(status) {}

  const SWorkerProcess& Worker() const { return m_worker; }
  int Status() const { return m_status; }

  // In order: it has accounted for everything itself.
  bool IsClean() const;
  // The next one would end in the same way.
  bool IsForGood() const;

  // One line, without a full stop.
  std::string Describe() const;
  // As Describe, or in the worker's own words if it had any.
  std::string DescribeFailedStart() const;
  // As an alert, unless it was to be expected; in a start that has failed already, every end is.
  void Log(CLog& log, bool isStartFailed) const;

 private:
  bool HasCode(int code) const;

  SWorkerProcess m_worker;
  int m_status;
};

}  // namespace switchboard
