#include "client-sim/base/Process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace switchboard::sim {

namespace {

// Of the threads, the reports and the standard streams.
constexpr uint64_t kOwnDescriptors = 100;

// What asks for an end.
sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

void RaiseDescriptorLimit(uint64_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (connections == 0 || connections + kOwnDescriptors <= limit.rlim_max) return;
  throw std::invalid_argument(
      fmt::format("{} connections are too many for the {} descriptors that a process may have here (ulimit -Hn): "
                  "share them among several processes",
                  connections, limit.rlim_max));
}

CFd OpenSignals() {
  const sigset_t signals = EndSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  CFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.IsValid()) throw std::system_error(errno, std::generic_category(), "signalfd");
  return fd;
}

bool TakeSignal(const CFd& signals) {
  signalfd_siginfo info;
  return ::read(signals.Get(), &info, sizeof(info)) == sizeof(info);
}

void ReleaseSignals() {
  const sigset_t signals = EndSignals();
  constexpr timespec kAtOnce{0, 0};
  while (::sigtimedwait(&signals, nullptr, &kAtOnce) > 0) continue;
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace switchboard::sim
