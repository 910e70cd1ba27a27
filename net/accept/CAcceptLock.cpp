#include "net/accept/CAcceptLock.h"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>

namespace switchboard {

CAcceptLock::CAcceptLock() {
  void* const p_memory =
      ::mmap(nullptr, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p_memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap of an accept mutex");
  m_p_mutex = static_cast<pthread_mutex_t*>(p_memory);
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  const int error = ::pthread_mutex_init(m_p_mutex, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
  if (error == 0) return;
  ::munmap(m_p_mutex, sizeof(pthread_mutex_t));
  throw std::system_error(error, std::generic_category(), "pthread_mutex_init");
}

// The mutex itself isn't destroyed: another process may be using it.
CAcceptLock::~CAcceptLock() { ::munmap(m_p_mutex, sizeof(pthread_mutex_t)); }

bool CAcceptLock::TryLock() {
  const int error = ::pthread_mutex_trylock(m_p_mutex);
  // It protects an accept queue, which is the kernel's, and therefore whole.
  if (error == EOWNERDEAD) ::pthread_mutex_consistent(m_p_mutex);
  return error == 0 || error == EOWNERDEAD;
}

void CAcceptLock::Unlock() { ::pthread_mutex_unlock(m_p_mutex); }

}  // namespace switchboard
