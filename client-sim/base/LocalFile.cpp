#include "client-sim/base/LocalFile.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace switchboard::sim {
namespace {

constexpr size_t kBlockBytes = 256 * 1024;

}  // namespace

void ReadAt(const CFd& file, const std::string& name, uint64_t offset, std::span<std::byte> room) {
  while (!room.empty()) {
    const ssize_t n = ::pread(file.Get(), room.data(), room.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), name);
    if (n == 0) throw std::runtime_error(fmt::format("{} became shorter while it was read", name));
    offset += static_cast<uint64_t>(n);
    room = room.subspan(static_cast<size_t>(n));
  }
}

void WriteAt(const CFd& file, const std::string& name, uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file.Get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), name);
    offset += static_cast<uint64_t>(n);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void DigestRange(const CFd& file, const std::string& name, uint64_t from, uint64_t end, CDigest& digest) {
  std::vector<std::byte> block(kBlockBytes);
  while (from < end) {
    const auto room = std::span(block).first(static_cast<size_t>(std::min<uint64_t>(block.size(), end - from)));
    ReadAt(file, name, from, room);
    digest.Update(room);
    from += room.size();
  }
}

uint64_t SizeOf(const CFd& file, const std::string& name) {
  struct stat status {};
  if (::fstat(file.Get(), &status) != 0) throw std::system_error(errno, std::generic_category(), name);
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace switchboard::sim
