#include "misc/count/CMappingGuard.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace switchboard {

namespace {

// A signal handler has no other way to know.
struct SGuarded {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  uintptr_t pageBytes = 4096;
  bool isInstalled = false;
  struct sigaction before {};
};
SGuarded g_guarded;

// mmap isn't among what signal-safety(7) names, but it is a bare system call, and the fault is no interruption of one.
// ThreadSanitizer would take the library's function for a write to the page by this thread.
bool Replace(uintptr_t address) {
  if (address < g_guarded.begin || address >= g_guarded.end) return false;
  void* const p_page = reinterpret_cast<void*>(address / g_guarded.pageBytes * g_guarded.pageBytes);
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  return ::syscall(SYS_mmap, p_page, g_guarded.pageBytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) ==
         static_cast<long>(reinterpret_cast<uintptr_t>(p_page));
}

// One that isn't ours comes again, when the instruction is run again, and finds the handler from before.
void OnBusError(int number, siginfo_t* p_info, void*) {
  const bool isFault = p_info->si_code > 0;
  if (isFault && Replace(reinterpret_cast<uintptr_t>(p_info->si_addr))) return;
  ::sigaction(SIGBUS, &g_guarded.before, nullptr);
  if (!isFault) ::raise(number);
}

}  // namespace

void CMappingGuard::Protect(std::byte* p_memory, size_t bytes) {
  g_guarded.begin = reinterpret_cast<uintptr_t>(p_memory);
  g_guarded.end = g_guarded.begin + bytes;
  g_guarded.pageBytes = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
}

void CMappingGuard::Release(const std::byte* p_memory) {
  if (g_guarded.begin == reinterpret_cast<uintptr_t>(p_memory)) g_guarded.begin = g_guarded.end = 0;
}

void CMappingGuard::Install() {
  if (g_guarded.isInstalled) return;
  struct sigaction guard {};
  guard.sa_sigaction = OnBusError;
  guard.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK);
  g_guarded.isInstalled = ::sigaction(SIGBUS, &guard, &g_guarded.before) == 0;
}

void CMappingGuard::Uninstall() {
  if (g_guarded.isInstalled) ::sigaction(SIGBUS, &g_guarded.before, nullptr);
  g_guarded.isInstalled = false;
}

}  // namespace switchboard
