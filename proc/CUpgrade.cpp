#include "proc/CUpgrade.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "proc/CDaemon.h"
#include "proc/CInheritance.h"
#include "proc/ExitCode.h"

namespace switchboard {

void CUpgrade::Start(const CListenerStore& listeners) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  CFd pipe(ends[0]);
  CFd verdict(ends[1]);
  fcntl(pipe.Get(), F_SETFL, O_NONBLOCK);
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) Become(listeners, std::move(verdict));
  m_pid = pid;
  m_pipe = std::move(pipe);
  m_heard.clear();
  m_isReady = false;
}

// There is one thread, so that everything is allowed between fork and exec.
void CUpgrade::Become(const CListenerStore& listeners, CFd verdict) const noexcept {
  CInheritance::Leave(listeners, verdict.Get());
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
    m_isReady = m_heard.front() == CDaemon::kReady;
  }
}

std::string CUpgrade::Failure() const {
  return !m_heard.empty() && m_heard.front() == CDaemon::kFailed ? m_heard.substr(1) : "";
}

void CUpgrade::NoteEnd() {
  m_pid = 0;
  m_isReady = false;
  m_pipe.Reset();
}

}  // namespace switchboard
