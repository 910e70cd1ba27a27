#include "proc/master/CUpgrade.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "proc/master/CInheritance.h"
#include "proc/sys/CDaemon.h"
#include "proc/sys/DescribeEnd.h"
#include "proc/sys/ExitCode.h"

namespace switchboard {

bool CUpgrade::Start(const CListenerStore& listeners, const CProcessNumbers& numbers,
                     std::optional<MonotonicTime> deadline) {
  m_deadline = deadline;
  try {
    m_files.MoveAside();
    Fork(listeners, numbers);
    m_log.Info("new binary: process {} starts {}", m_pid, m_program.path);
    return true;
  } catch (const std::exception& error) {
    m_lastWords = fmt::format("the upgrade failed, and this binary goes on: {}", error.what());
    m_log.Error("{}", m_lastWords);
  }
  TakeNamesBack();
  return false;
}

void CUpgrade::Fork(const CListenerStore& listeners, const CProcessNumbers& numbers) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  CFd pipe(ends[0]);
  CFd verdict(ends[1]);
  fcntl(pipe.Get(), F_SETFL, O_NONBLOCK);
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) Become(listeners, numbers, std::move(verdict));
  m_pid = pid;
  m_pipe = std::move(pipe);
  m_heard.clear();
  m_whyKilled.clear();
  m_isReady = false;
}

// There is one thread, so that everything is allowed between fork and exec.
void CUpgrade::Become(const CListenerStore& listeners, const CProcessNumbers& numbers, CFd verdict) const noexcept {
  CInheritance::Leave(listeners, numbers, verdict.Get());
  std::vector<char*> arguments;
  for (const std::string& argument : m_program.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  if (chdir(m_program.directory.c_str()) == 0) execv(m_program.path.c_str(), arguments.data());
  const std::string line = fmt::format("{}cannot execute {} in {}: {}", CDaemon::kFailed, m_program.path,
                                       m_program.directory, std::generic_category().message(errno));
  [[maybe_unused]] const ssize_t written = write(verdict.Get(), line.data(), line.size());
  _exit(kExitFailed);
}

bool CUpgrade::Hear() {
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t count = read(m_pipe.Get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return true;
    if (count <= 0) return false;
    m_heard.append(bytes.data(), static_cast<size_t>(count));
    if (m_isReady || m_heard.front() != CDaemon::kReady) continue;
    m_isReady = true;
    m_lastWords =
        fmt::format("new binary: process {} serves; SIGQUIT makes this one leave, SIGWINCH its workers only", m_pid);
    m_log.Info("{}", m_lastWords);
  }
}

std::string CUpgrade::Failure() const {
  return !m_heard.empty() && m_heard.front() == CDaemon::kFailed ? m_heard.substr(1) : "";
}

void CUpgrade::HandleDeadline(MonotonicTime now) {
  if (Deadline() && *m_deadline <= now) Kill("was not ready in time (server.start_timeout_s)");
}

void CUpgrade::KillIfNameless() {
  if (IsPending() && !m_files.IsHomeTaken()) Kill("was killed before it served: the server was told to stop");
}

void CUpgrade::Kill(const char* p_why) {
  m_whyKilled = p_why;
  kill(m_pid, SIGKILL);
}

void CUpgrade::HandleEnd(int status, bool goesOn) {
  const std::string failure = Failure();
  const char* const p_consequence = goesOn ? "this one goes on" : "this one is leaving, too";
  if (!m_isReady) {
    m_lastWords = goesOn ? "the upgrade failed, and this binary goes on: " : "the upgrade failed: ";
    if (!m_whyKilled.empty()) {
      m_lastWords += "the new binary " + m_whyKilled;
    } else {
      m_lastWords += failure.empty() ? "the new binary " + DescribeEnd(status) + " during its start" : failure;
    }
    m_log.Error("{}", m_lastWords);
  } else if (WIFEXITED(status) && WEXITSTATUS(status) == kExitOk) {
    m_log.Info("new binary: process {} has ended; {}", m_pid, p_consequence);
  } else {
    m_log.Alert("new binary: process {} {}; {}", m_pid, DescribeEnd(status), p_consequence);
  }
  m_pid = 0;
  m_isReady = false;
  ClosePipe();
  TakeNamesBack();
}

void CUpgrade::TakeNamesBack() {
  try {
    m_files.MoveBack();
  } catch (const std::system_error& error) {
    m_log.Error("the pid file cannot be renamed back: {}", error.what());
  }
}

}  // namespace switchboard
