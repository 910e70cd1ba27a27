#include "proc/sys/CNotify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "misc/file/CFd.h"

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

// sd_notify(3) waits while the manager doesn't read, and the master must not: such a note is lost.
void Send(std::string_view note) {
  const char* p_socket = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = p_socket == nullptr ? "" : p_socket;
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  const CFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  sendto(socket.Get(), note.data(), note.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace

CNotify::CNotify(const CClock& clock) : m_clock(clock), m_interval(AllowedSilence() / 2) {
  if (m_interval.count() > 0) setenv(kPidVariable, std::to_string(getpid()).c_str(), 1);
}

void CNotify::MainProcess(pid_t pid) const { Send(fmt::format("MAINPID={}", pid)); }

// A daemon isn't the process that the manager has started, so that it says which one it is.
void CNotify::Ready(const std::string& status) {
  std::string note = m_isReady ? "" : fmt::format("MAINPID={}\n", getpid());
  note += "READY=1";
  if (!status.empty()) note += "\nSTATUS=" + status;
  Send(note);
  m_isReady = true;
  if (m_interval.count() > 0) m_nextSignOfLife = m_clock.Now();
}

void CNotify::Reloading() const {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(m_clock.Now().time_since_epoch());
  Send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

void CNotify::Stopping() const { Send("STOPPING=1"); }

void CNotify::SignOfLife() {
  const MonotonicTime now = m_clock.Now();
  if (!m_nextSignOfLife || now < *m_nextSignOfLife) return;
  m_nextSignOfLife = now + m_interval;
  Send("WATCHDOG=1");
}

}  // namespace switchboard
