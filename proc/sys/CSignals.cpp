#include "proc/sys/CSignals.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <system_error>

namespace switchboard {

CSignals::CSignals() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD}) {
    sigaddset(&handled, number);
  }
  const int error = pthread_sigmask(SIG_BLOCK, &handled, nullptr);
  if (error != 0) throw std::system_error(error, std::generic_category(), "pthread_sigmask");

  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD}) {
    sigaction(number, &action, nullptr);
  }
  // What these would kill for is an error of the write as well, and a log that has become as long as a file may be
  // (ulimit -f) must not end the server.
  action.sa_handler = SIG_IGN;
  for (const int number : {SIGPIPE, SIGXFSZ}) sigaction(number, &action, nullptr);

  m_fd.Reset(signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!m_fd.IsValid()) throw std::system_error(errno, std::generic_category(), "signalfd");
}

std::optional<SSignal> CSignals::Next() {
  signalfd_siginfo info{};
  if (read(m_fd.Get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return SSignal{static_cast<int>(info.ssi_signo), static_cast<pid_t>(info.ssi_pid)};
}

std::string CSignals::Name(int number) {
  const char* p_name = sigabbrev_np(number);
  return p_name == nullptr ? "signal " + std::to_string(number) : std::string("SIG") + p_name;
}

}  // namespace switchboard
