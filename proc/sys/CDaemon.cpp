#include "proc/sys/CDaemon.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "misc/ProgramName.h"
#include "proc/sys/ExitCode.h"

namespace switchboard {

namespace {

[[noreturn]] void ThrowErrno(const char* p_what) { throw std::system_error(errno, std::generic_category(), p_what); }

void Print(std::FILE* p_stream, std::string_view text) {
  std::fprintf(p_stream, "%s: %.*s\n", ProgramName().c_str(), static_cast<int>(text.size()), text.data());
}

// After a failure the pipe ends only when the last process that holds it has ended: nothing is left behind then.
int AwaitVerdict(int pipe) {
  std::string verdict;
  std::array<char, 4096> bytes;
  while (verdict.empty() || verdict[0] != CDaemon::kReady) {
    const ssize_t count = read(pipe, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    verdict.append(bytes.data(), static_cast<size_t>(count));
  }
  if (verdict.empty()) verdict = std::string(1, CDaemon::kFailed) + "the server died during its start";
  const bool isReady = verdict[0] == CDaemon::kReady;
  if (verdict.size() > 1) Print(isReady ? stdout : stderr, std::string_view(verdict).substr(1));
  return isReady ? kExitOk : kExitFailed;
}

void RedirectStandardStreams() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) ThrowErrno("/dev/null");
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (dup2(null, stream) < 0) ThrowErrno("dup2");
  }
  if (null > STDERR_FILENO) close(null);
}

// What came through the exec that started this program, such as the descriptor of a lock that a script holds. All that
// was opened here since is close-on-exec.
void CloseInherited() {
  std::vector<int> inherited;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(entry.path().filename().c_str());
    const int flags = fcntl(fd, F_GETFD);
    if (fd > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0) inherited.push_back(fd);
  }
  for (const int fd : inherited) close(fd);
}

}  // namespace

void CDaemon::Detach() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) ThrowErrno("pipe2");
  CFd verdict(ends[0]);
  m_report.Reset(ends[1]);

  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) ThrowErrno("fork");
  if (child > 0) {
    m_report.Reset();
    waitpid(child, nullptr, 0);
    std::exit(AwaitVerdict(verdict.Get()));
  }
  verdict.Reset();
  setsid();
  // The second fork gives up the lead of the session: the daemon can never get a terminal again.
  const pid_t daemon = fork();
  if (daemon < 0) Fail("cannot fork: " + std::generic_category().message(errno));
  if (daemon != 0) _exit(kExitOk);
  umask(027);
  RedirectStandardStreams();
  CloseInherited();
}

void CDaemon::Ready(std::string_view notice) {
  if (m_report.IsValid()) {
    Report(kReady, notice);
  } else if (!notice.empty()) {
    Print(stdout, notice);
  }
}

void CDaemon::Fail(std::string_view message) {
  if (m_report.IsValid()) {
    Report(kFailed, message);
  } else {
    Print(stderr, message);
  }
}

void CDaemon::Report(char verdict, std::string_view text) {
  const std::string line = std::string(1, verdict) + std::string(text.substr(0, 4000));
  // Nobody may be left on the terminal to read it; the server serves all the same.
  [[maybe_unused]] const ssize_t written = write(m_report.Get(), line.data(), line.size());
  if (verdict == kReady) {
    m_report.Reset();
  } else {
    // Left to the kernel, which closes it when this process has ended: that is what the terminal waits for.
    m_report.Release();
  }
}

}  // namespace switchboard
