#include "client-sim/base/CFileMapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "misc/file/CFd.h"

namespace switchboard::sim {

CFileMapping::CFileMapping(const std::string& path) {
  const CFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.IsValid() || ::fstat(file.Get(), &status) != 0) {
    throw std::system_error(errno, std::generic_category(), path);
  }
  const auto bytes = static_cast<size_t>(status.st_size);
  if (bytes == 0) return;  // mmap maps nothing of no length
  void* p_bytes = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.Get(), 0);
  if (p_bytes == MAP_FAILED) throw std::system_error(errno, std::generic_category(), path);
  m_bytes = {static_cast<const std::byte*>(p_bytes), bytes};
}

CFileMapping::~CFileMapping() {
  if (!m_bytes.empty()) ::munmap(const_cast<std::byte*>(m_bytes.data()), m_bytes.size());
}

}  // namespace switchboard::sim
