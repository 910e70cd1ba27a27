#include "proc/health/CSupervisor.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "net/config/BusinessThreads.h"
#include "proc/sys/Earliest.h"

namespace switchboard {

CSupervisor::CSupervisor(CLog& log, const CClock& clock, CQuarantine& quarantine, std::filesystem::path folder,
                         Kill kill)
    : m_log(log),
      m_clock(clock),
      m_quarantine(quarantine),
      m_kill(std::move(kill)),
      m_watchdog(clock),
      m_inquest(log, std::move(folder)),
      m_offenders(clock),
      m_slowLog(log, clock, [] {}) {}

void CSupervisor::Forgive() {
  m_quarantine.Clear();
  m_offenders.Clear();
  m_sentences.clear();
}

void CSupervisor::OnReady(pid_t pid, SWorkerPage& page, const SConfig& config) {
  m_pages.insert_or_assign(pid, &page);
  m_watchdog.Watch(pid, page, BusinessThreads(config), config.server.watchdog, config.log.slow_handler);
}

void CSupervisor::Forget(pid_t pid) {
  m_watchdog.Forget(pid);
  m_pages.erase(pid);
}

void CSupervisor::OnEnd(pid_t pid, SWorkerPage& page, int status, const SConfig& config) {
  Forget(pid);
  const bool wasTooSlow = m_tooSlow.erase(pid) > 0;
  if (WIFSIGNALED(status)) Judge(pid, page, WTERMSIG(status), wasTooSlow, config);
  ForgetPackets(page);
}

void CSupervisor::Judge(pid_t pid, const SWorkerPage& page, int signal, bool wasTooSlow, const SConfig& config) {
  const std::optional<STracedPacket> culprit = m_inquest.Hold(page, pid, signal, BusinessThreads(config));
  if (!culprit || !config.server.quarantine) return;
  const auto kind = wasTooSlow ? CRepeatOffenders::EKind::kHang : CRepeatOffenders::EKind::kCrash;
  if (m_offenders.NoteDeath(culprit->msgCode, kind)) Quarantine(culprit->msgCode, kind);
}

void CSupervisor::Quarantine(uint16_t msgCode, CRepeatOffenders::EKind kind) {
  const bool isCrash = kind == CRepeatOffenders::EKind::kCrash;
  const std::chrono::minutes sentence = isCrash ? kCrashSentence : kHangSentence;
  m_quarantine.Add(msgCode);
  MonotonicTime& until = m_sentences[msgCode];
  until = std::max(until, m_clock.Now() + sentence);
  m_log.Alert(
      "msgCode {} {} {} workers within a minute and is quarantined for {} min, or until a reload: it is answered "
      "with Reject",
      msgCode, isCrash ? "has killed" : "was too slow for the watchdog in", CRepeatOffenders::kDeaths,
      sentence.count());
}

void CSupervisor::ReleaseServed() {
  const MonotonicTime now = m_clock.Now();
  std::erase_if(m_sentences, [&](const auto& sentence) {
    if (now < sentence.second) return false;
    m_quarantine.Remove(sentence.first);
    m_log.Info("msgCode {} has left the quarantine and is tried again", sentence.first);
    return true;
  });
}

std::optional<MonotonicTime> CSupervisor::NextDeadline() {
  std::optional<MonotonicTime> next = Earliest({m_watchdog.NextLook(), m_slowLog.NextFlush()});
  for (const auto& [msgCode, until] : m_sentences) next = Earliest({next, until});
  return next;
}

void CSupervisor::HandleDeadlines() {
  ReleaseServed();
  m_slowLog.Flush(m_clock.Now());
  for (const SWatchdogOrder& order : m_watchdog.Look()) Obey(order);
}

void CSupervisor::Obey(const SWatchdogOrder& order) {
  SWorkerPage& page = *m_pages.at(order.pid);
  const uint32_t worker = page.slot.load(std::memory_order_relaxed);
  switch (order.kind) {
    case SWatchdogOrder::EKind::kSlow:
      m_slowLog.Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kSlow, 0, order.what},
                      [&] { return fmt::format("worker process {} ({}) {}", worker, order.pid, order.reason); });
      return;
    case SWatchdogOrder::EKind::kReport:
      m_log.Warn("worker process {} ({}) {}", worker, order.pid, order.reason);
      return;
    case SWatchdogOrder::EKind::kAbort:
      m_log.Alert("worker process {} ({}) {}: it is aborted", worker, order.pid, order.reason);
      m_tooSlow.insert(order.pid);
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
