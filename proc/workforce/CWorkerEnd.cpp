#include "proc/workforce/CWorkerEnd.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include "proc/sys/DescribeEnd.h"
#include "proc/sys/ExitCode.h"

namespace switchboard {

bool CWorkerEnd::HasCode(int code) const { return WIFEXITED(m_status) && WEXITSTATUS(m_status) == code; }

bool CWorkerEnd::IsClean() const { return HasCode(kExitOk); }

bool CWorkerEnd::IsForGood() const { return HasCode(kExitDoNotRespawn); }

std::string CWorkerEnd::Describe() const {
  return fmt::format("worker process {} ({}) {}{}{}", m_worker.slot, m_worker.pid, DescribeEnd(m_status),
                     m_worker.failure.empty() ? "" : ": ", m_worker.failure);
}

std::string CWorkerEnd::DescribeFailedStart() const {
  if (!m_worker.failure.empty()) return m_worker.failure;
  return fmt::format("worker process {} {} during the start", m_worker.slot, DescribeEnd(m_status));
}

void CWorkerEnd::Log(CLog& log, bool isStartFailed) const {
  const bool isInOrder = IsClean() || HasCode(kExitCutShort);
  // Where the start of a generation has failed, its first failure is the one to tell.
  const bool isExpected = m_worker.isLeaving && (isInOrder || !m_worker.isReady);
  if (isStartFailed || isExpected) {
    log.Info("{}", Describe());
  } else if (IsClean()) {
    log.Warn("{}, though the master didn't ask for it", Describe());
  } else {
    log.Alert("{}", Describe());
  }
}

}  // namespace switchboard
