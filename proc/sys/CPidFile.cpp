#include "proc/sys/CPidFile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "misc/file/OpenPlainFile.h"

namespace switchboard {

namespace {

// Of the whole file.
struct flock Lock(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

[[noreturn]] void Throw(const char* p_verb, const std::string& path, int error) {
  const std::string why = error == ELOOP ? "it is a link" : std::generic_category().message(error);
  throw std::runtime_error(fmt::format("cannot {} the pid file {}: {}", p_verb, path, why));
}

bool IsAt(const std::string& path, const struct stat& file) {
  struct stat there {};
  return lstat(path.c_str(), &there) == 0 && there.st_dev == file.st_dev && there.st_ino == file.st_ino;
}

[[noreturn]] void ThrowHeld(const std::string& path, int fd) {
  if (!CPidFile::IsHeld(fd)) Throw("lock", path, EACCES);
  std::array<char, 16> text{};
  [[maybe_unused]] const ssize_t bytes = pread(fd, text.data(), text.size() - 1, 0);
  throw std::runtime_error(
      fmt::format("already running: process {} holds the pid file {}", std::atoi(text.data()), path));
}

// More than any number has; a power failure may leave zero bytes in place of the number.
constexpr off_t kMostBytes = 32;
constexpr std::string_view kPidBytes("0123456789 \n\0", 13);
constexpr const char* kForeign = "it holds something else than a pid; remove it, or name another file";

bool MayHoldPid(int fd, off_t size) {
  std::array<char, kMostBytes> text{};
  const ssize_t bytes = size > kMostBytes ? -1 : pread(fd, text.data(), text.size(), 0);
  return bytes >= 0 && std::string_view(text.data(), static_cast<size_t>(bytes)).find_first_not_of(kPidBytes) ==
                           std::string_view::npos;
}

// Locked, and the file that has the name, which is never a link's: a link would still have it after a lock of its
// target.
CFd OpenLocked(const std::string& path) {
  while (true) {
    CFd file = OpenPlainFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0640);
    if (!file.IsValid()) Throw("open", path, errno);
    struct stat status {};
    if (fstat(file.Get(), &status) != 0 || !S_ISREG(status.st_mode)) Throw("open", path, EINVAL);
    struct flock lock = Lock(F_WRLCK);
    if (fcntl(file.Get(), F_OFD_SETLK, &lock) != 0) ThrowHeld(path, file.Get());
    // Else somebody has moved or removed it meanwhile. Another name of it is another's file.
    if (!IsAt(path, status)) continue;
    if (status.st_nlink > 1) Throw("open", path, ELOOP);
    if (MayHoldPid(file.Get(), status.st_size)) return file;
    throw std::runtime_error(fmt::format("cannot use the pid file {}: {}", path, kForeign));
  }
}

}  // namespace

CPidFile::CPidFile(const std::string& path)
    : m_path(path), m_wasLeftBehind(access(path.c_str(), F_OK) == 0), m_file(OpenLocked(path)) {
  const std::string text = std::to_string(getpid());
  const auto size = static_cast<ssize_t>(text.size());
  if (ftruncate(m_file.Get(), 0) == 0 && pwrite(m_file.Get(), text.data(), text.size(), 0) == size) return;
  const int error = errno;
  unlink(path.c_str());
  Throw("write", path, error);
}

CPidFile::~CPidFile() {
  if (m_file.IsValid() && IsInPlace()) unlink(m_path.c_str());
}

bool CPidFile::IsInPlace() const {
  struct stat status {};
  return fstat(m_file.Get(), &status) == 0 && IsAt(m_path, status);
}

void CPidFile::MoveTo(const std::string& path) {
  if (rename(m_path.c_str(), path.c_str()) != 0) throw std::system_error(errno, std::generic_category(), path);
  m_path = path;
}

std::string CPidFile::WhyForeign(const std::string& path) {
  const CFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.IsValid()) return errno == ELOOP ? "it is a link" : "";
  struct stat status {};
  if (fstat(file.Get(), &status) != 0 || !S_ISREG(status.st_mode)) return "it is no file";
  return MayHoldPid(file.Get(), status.st_size) ? "" : kForeign;
}

bool CPidFile::IsHeld(int fd) {
  struct flock lock = Lock(F_RDLCK);  // what a write lock alone forbids
  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}

}  // namespace switchboard
