#include "net/accept/CAcceptLock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace switchboard {

CAcceptLock::CAcceptLock() : m_file(::memfd_create("accept-lock", MFD_CLOEXEC)) {
  if (!m_file.IsValid()) throw std::system_error(errno, std::generic_category(), "memfd_create of an accept lock");
}

bool CAcceptLock::TryLock() {
  if (m_isOurs.exchange(true, std::memory_order_acquire)) return false;
  if (Set(F_WRLCK)) return true;
  m_isOurs.store(false, std::memory_order_release);
  return false;
}

void CAcceptLock::Unlock() {
  Set(F_UNLCK);
  m_isOurs.store(false, std::memory_order_release);
}

bool CAcceptLock::Set(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return ::fcntl(m_file.Get(), F_SETLK, &lock) == 0;
}

}  // namespace switchboard
