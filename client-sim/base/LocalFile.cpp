#include "client-sim/base/LocalFile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace switchboard::sim {
namespace {

constexpr size_t kBlockBytes = 256 * 1024;

// What is written to instead of `path`: a file beside the one that it leads to, or itself if it is no regular file.
class CReplacement {
 public:
  explicit CReplacement(const std::string& path) : m_path(path) {
    namespace fs = std::filesystem;
    struct stat status {};
    const bool isThere = ::stat(path.c_str(), &status) == 0;
    const bool isBeside = !isThere || S_ISREG(status.st_mode);
    if (isBeside) {
      // Renaming over a symbolic link would cut it off from what it leads to.
      m_target = fs::weakly_canonical(path).string();
      m_part = fmt::format("{}.{}.part", m_target, ::getpid());
    }
    const int flags = isBeside ? O_CREAT | O_EXCL : 0;
    m_file.Reset(::open(isBeside ? m_part.c_str() : path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0666));
    if (!m_file.IsValid()) {
      const int error = errno;
      m_part.clear();
      throw std::system_error(error, std::generic_category(), path);
    }
    if (isThere && isBeside) ::fchmod(m_file.Get(), status.st_mode & 07777);
  }
  ~CReplacement() {
    if (!m_part.empty()) ::unlink(m_part.c_str());
  }
  CReplacement(const CReplacement&) = delete;
  CReplacement& operator=(const CReplacement&) = delete;

  void Write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::write(m_file.Get(), text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw std::system_error(errno, std::generic_category(), m_path);
      text.remove_prefix(static_cast<size_t>(n));
    }
    if (m_part.empty()) return;
    if (::rename(m_part.c_str(), m_target.c_str()) != 0) {
      throw std::system_error(errno, std::generic_category(), m_path);
    }
    m_part.clear();
  }

 private:
  const std::string m_path;
  std::string m_target;
  std::string m_part;  // empty: there is none to remove
  CFd m_file;
};

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

void ReplaceFile(const std::string& path, std::string_view text) { CReplacement(path).Write(text); }

void CheckReplaceable(const std::string& path) { const CReplacement replacement(path); }

}  // namespace switchboard::sim
