#include "proc/worker/CProcessNumbers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace switchboard {

namespace {

constexpr size_t kBytes = sizeof(std::atomic<uint32_t>);
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

[[noreturn]] void Throw(const char* p_what) { throw std::system_error(errno, std::generic_category(), p_what); }

CFd MakeMemory() {
  CFd memory(memfd_create("process-numbers", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.IsValid()) Throw("memfd_create");
  if (ftruncate(memory.Get(), kBytes) != 0) Throw("ftruncate");
  // What is mapped stays there.
  if (fcntl(memory.Get(), F_ADD_SEALS, kSeals) != 0) Throw("fcntl");
  return memory;
}

}  // namespace

CProcessNumbers::CProcessNumbers(CFd inherited) : m_memory(inherited.IsValid() ? std::move(inherited) : MakeMemory()) {
  const bool isOurs = fcntl(m_memory.Get(), F_GET_SEALS) == kSeals && lseek(m_memory.Get(), 0, SEEK_END) == kBytes;
  if (!isOurs) throw std::runtime_error("the old binary has left no count of its workers");
  void* const p_memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, m_memory.Get(), 0);
  if (p_memory == MAP_FAILED) Throw("mmap");
  m_p_last = static_cast<std::atomic<uint32_t>*>(p_memory);
  if (madvise(p_memory, kBytes, MADV_DONTFORK) != 0) Throw("madvise");
}

CProcessNumbers::~CProcessNumbers() { munmap(m_p_last, kBytes); }

}  // namespace switchboard
