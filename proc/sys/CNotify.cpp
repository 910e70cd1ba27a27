#include "proc/sys/CNotify.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace switchboard {

namespace {

constexpr const char* kPidVariable = "WATCHDOG_PID";
constexpr const char* kTimeVariable = "WATCHDOG_USEC";

uint64_t NumberIn(const char* p_variable) {
  const char* p_text = std::getenv(p_variable);
  return p_text == nullptr ? 0 : std::strtoull(p_text, nullptr, 10);
}

// sd_watchdog_enabled(3) believes the process of WATCHDOG_PID alone; the master of a newer binary is its child.
std::chrono::microseconds AllowedSilence() {
  const uint64_t pid = NumberIn(kPidVariable);
  const bool isMeantForUs = std::getenv(kPidVariable) == nullptr || pid == static_cast<uint64_t>(getpid()) ||
                            pid == static_cast<uint64_t>(getppid());
  return std::chrono::microseconds(isMeantForUs ? NumberIn(kTimeVariable) : 0);
}

}  // namespace

CNotify::CNotify(const CClock& clock) : m_clock(clock), m_interval(AllowedSilence() / 2) {
  if (m_interval.count() > 0) setenv(kPidVariable, std::to_string(getpid()).c_str(), 1);
}

void CNotify::MainProcess(pid_t pid) const { sd_notify(0, fmt::format("MAINPID={}", pid).c_str()); }

void CNotify::Ready() {
  sd_notify(0, "READY=1");
  if (m_interval.count() > 0) m_nextSignOfLife = m_clock.Now();
}

void CNotify::Reloading() const {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(m_clock.Now().time_since_epoch());
  sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()).c_str());
}

void CNotify::Stopping() const { sd_notify(0, "STOPPING=1"); }

void CNotify::SignOfLife() {
  const MonotonicTime now = m_clock.Now();
  if (!m_nextSignOfLife || now < *m_nextSignOfLife) return;
  m_nextSignOfLife = now + m_interval;
  sd_notify(0, "WATCHDOG=1");
}

}  // namespace switchboard
