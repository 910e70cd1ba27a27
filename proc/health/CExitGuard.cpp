#include "proc/health/CExitGuard.h"

#include <atomic>
#include <cstdlib>

namespace switchboard {

namespace {

// What atexit(3) calls has no other way to know.
std::atomic<CLog*> g_p_log{nullptr};

void Refuse() {
  CLog* const p_log = g_p_log.exchange(nullptr);
  if (p_log == nullptr) return;
  p_log->Alert("exit was called in a worker: throw from OnWorkerStart instead; it is aborted");
  std::abort();
}

}  // namespace

CExitGuard::CExitGuard(CLog& log) {
  [[maybe_unused]] static const int registered = std::atexit(Refuse);
  g_p_log = &log;
}

CExitGuard::~CExitGuard() { g_p_log = nullptr; }

}  // namespace switchboard
