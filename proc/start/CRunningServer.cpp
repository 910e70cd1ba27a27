#include "proc/start/CRunningServer.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
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

pid_t ReadPid(const std::string& pidFile) {
  std::ifstream file(pidFile);
  pid_t pid = 0;
  return file >> pid && pid > 0 ? pid : 0;
}

}  // namespace

CRunningServer::CRunningServer(const std::string& pidFile) {
  CFd file(open(pidFile.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.IsValid()) {
    const std::string reason = errno == ENOENT ? "there is no pid file, with these -c and --set and from this folder"
                                               : std::generic_category().message(errno);
    throw std::runtime_error(
        fmt::format("no running server found: {}: {}", std::filesystem::absolute(pidFile).string(), reason));
  }
  m_pid = ReadPid(pidFile);
  if (m_pid > 0) m_process.Reset(pidfd_open(m_pid, 0));
  // In this order: a pid that is still in the locked file after the process was opened is the master's.
  if (!m_process.IsValid() || !CPidFile::IsHeld(file.Get()) || ReadPid(pidFile) != m_pid) {
    throw std::runtime_error(fmt::format("no running server found: {} is stale (left by process {})", pidFile, m_pid));
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
