#include "proc/health/CSupervisor.h"

#include <signal.h>
#include <sys/wait.h>

#include <utility>

#include "net/config/BusinessThreads.h"

namespace switchboard {

CSupervisor::CSupervisor(CLog& log, const CClock& clock, CQuarantine& quarantine, std::filesystem::path folder,
                         Kill kill)
    : m_log(log),
      m_quarantine(quarantine),
      m_kill(std::move(kill)),
      m_watchdog(clock),
      m_inquest(log, std::move(folder)),
      m_offenders(clock) {}

void CSupervisor::Configure(const SConfig& config) {
  m_limit = config.server.watchdog;
  m_businessThreads = BusinessThreads(config);
  m_inquest.SetBusinessThreads(m_businessThreads);
  m_isQuarantineOn = config.server.quarantine;
  m_quarantine.Clear();
  m_offenders.Clear();
}

void CSupervisor::OnReady(pid_t pid, SWorkerPage& page) {
  m_pages.insert_or_assign(pid, &page);
  m_watchdog.Watch(pid, page, m_businessThreads, m_limit);
}

void CSupervisor::Forget(pid_t pid) {
  m_watchdog.Forget(pid);
  m_pages.erase(pid);
}

void CSupervisor::OnEnd(pid_t pid, SWorkerPage& page, int status) {
  Forget(pid);
  if (WIFSIGNALED(status)) Judge(pid, page, WTERMSIG(status));
  ForgetPackets(page);
}

void CSupervisor::Judge(pid_t pid, const SWorkerPage& page, int signal) {
  const std::optional<STracedPacket> culprit = m_inquest.Hold(page, pid, signal);
  if (!culprit || !m_isQuarantineOn || !m_offenders.NoteDeath(culprit->msgCode)) return;
  m_quarantine.Add(culprit->msgCode);
  m_log.Alert(
      "msgCode {} has killed {} workers within a minute and is quarantined until a reload: it is answered with "
      "Reject",
      culprit->msgCode, CRepeatOffenders::kDeaths);
}

void CSupervisor::HandleDeadlines() {
  for (const SWatchdogOrder& order : m_watchdog.Look()) Obey(order);
}

void CSupervisor::Obey(const SWatchdogOrder& order) {
  SWorkerPage& page = *m_pages.at(order.pid);
  const uint32_t worker = page.slot.load(std::memory_order_relaxed);
  switch (order.kind) {
    case SWatchdogOrder::EKind::kReport:
      m_log.Warn("worker process {} ({}) {}", worker, order.pid, order.reason);
      return;
    case SWatchdogOrder::EKind::kAbort:
      m_log.Alert("worker process {} ({}) {}: it is aborted", worker, order.pid, order.reason);
      // The signal hits the main thread; who is to blame is known better here.
      page.faultThread.store(order.thread, std::memory_order_relaxed);
      m_kill(order.pid, SIGABRT);
      m_kill(order.pid, SIGCONT);
      return;
    case SWatchdogOrder::EKind::kKill:
      m_log.Alert("worker process {} ({}) {}: it is killed", worker, order.pid, order.reason);
      m_kill(order.pid, SIGKILL);
      return;
  }
}

}  // namespace switchboard
