#include "misc/thread/CThread.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "misc/thread/CSignalStack.h"

namespace switchboard {

namespace {

// All but those by which a thread dies of its own fault: blocked, they would kill without a word to a handler, and
// abort(3) would have to break the mask.
sigset_t SignalsToBlock() {
  sigset_t set;
  sigfillset(&set);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&set, fault);
  return set;
}

}  // namespace

CThread::CThread(std::string name, std::function<void()> body) {
  // A new thread inherits the mask of its creator: block first, so that no signal can slip in.
  const sigset_t blocked = SignalsToBlock();
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  name.resize(std::min<size_t>(name.size(), 15));
  try {
    m_thread = std::thread([name, body = std::move(body)] {
      const CSignalStack signalStack;
      pthread_setname_np(pthread_self(), name.c_str());
      body();
    });
    // So that both know it by its name from their next line on.
    pthread_setname_np(m_thread.native_handle(), name.c_str());
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CThread& CThread::operator=(CThread&& other) noexcept {
  if (this != &other) {
    Join();
    m_thread = std::move(other.m_thread);
  }
  return *this;
}

void CThread::Join() {
  if (m_thread.joinable()) m_thread.join();
}

}  // namespace switchboard
