#include "proc/health/CFaultMark.h"

#include <pthread.h>
#include <signal.h>

namespace switchboard {

namespace {

// A signal handler has no other way to know.
std::atomic<uint64_t>* g_p_faultThread = nullptr;

// Only what signal-safety(7) allows. By SA_RESETHAND the signal has its default action again.
void Mark(int number, siginfo_t* p_info, void*) {
  uint64_t nobody = 0;
  g_p_faultThread->compare_exchange_strong(nobody, pthread_self(), std::memory_order_relaxed);
  // The instruction of a true fault is run again on return and faults again; anything else would be lost.
  const bool happensAgain = p_info->si_code > 0 && number != SIGTRAP && number != SIGSYS;
  if (!happensAgain) raise(number);
}

}  // namespace

void CFaultMark::Install(std::atomic<uint64_t>& faultThread) {
  faultThread.store(0, std::memory_order_relaxed);
  g_p_faultThread = &faultThread;
  struct sigaction mark {};
  mark.sa_sigaction = Mark;
  mark.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    struct sigaction before {};
    if (sigaction(number, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;
    sigaction(number, &mark, nullptr);
  }
}

}  // namespace switchboard
