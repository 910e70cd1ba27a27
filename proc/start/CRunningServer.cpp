#include "proc/start/CRunningServer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "proc/sys/CPidFile.h"
#include "proc/sys/CWaiter.h"

// The header of glibc 2.36 forgets to say that these are C functions.
extern "C" {
#include <sys/pidfd.h>
}

namespace switchboard {

namespace {

pid_t ReadPid(int pidFile) {
  std::array<char, 16> text{};
  if (pread(pidFile, text.data(), text.size() - 1, 0) <= 0) return 0;
  return std::max(std::atoi(text.data()), 0);
}

}  // namespace

CRunningServer::CRunningServer(const std::string& pidFile) {
  // Nobody waits for the other end of something that has the name of a pid file.
  CFd file(open(pidFile.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.IsValid()) {
    const bool isThere = errno != ENOENT;
    const std::string reason = isThere ? std::generic_category().message(errno)
                                       : "there is no pid file, with these -c and --set and from this folder";
    const char* const p_what = isThere ? "can't tell whether a server runs" : "no running server found";
    throw std::runtime_error(fmt::format("{}: {}: {}", p_what, std::filesystem::absolute(pidFile).string(), reason));
  }
  m_pid = ReadPid(file.Get());
  if (m_pid > 0) m_process.Reset(pidfd_open(m_pid, 0));
  // In this order: a pid that is still in the locked file after the process was opened is the master's.
  if (!m_process.IsValid() || !CPidFile::IsHeld(file.Get()) || ReadPid(file.Get()) != m_pid) {
    const std::string by = m_pid > 0 ? fmt::format(" (left by process {})", m_pid) : ", and holds no pid";
    throw std::runtime_error(fmt::format("no running server found: {} is stale{}", pidFile, by));
  }
}

void CRunningServer::Signal(int number) const {
  if (pidfd_send_signal(m_process.Get(), number, nullptr, 0) != 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("cannot signal process {}", m_pid));
  }
}

std::string CRunningServer::Program() const {
  std::string name;
  std::getline(std::ifstream(fmt::format("/proc/{}/comm", m_pid)), name);
  return name;
}

bool CRunningServer::IsStopped() const {
  std::string stat;
  std::getline(std::ifstream(fmt::format("/proc/{}/stat", m_pid)), stat);
  // Behind the name, which may hold anything: proc(5).
  const size_t nameEnd = stat.rfind(") ");
  return nameEnd != std::string::npos && stat.compare(nameEnd + 2, 1, "T") == 0;
}

bool CRunningServer::WaitForEnd(std::chrono::milliseconds timeout) const {
  CWaiter waiter;
  waiter.Add(m_process.Get(), 0);
  const MonotonicTime deadline = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (!waiter.Wait(deadline).empty()) return true;
  }
  return false;
}

}  // namespace switchboard
