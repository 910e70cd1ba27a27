#include "misc/file/OpenPlainFile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace switchboard {

namespace {

bool IsRootsAlone(int folder) {
  struct stat status {};
  return fstat(folder, &status) == 0 && status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// A hard link leads elsewhere as well, where fs.protected_hardlinks is off.
bool HasOtherName(int file) {
  struct stat status {};
  return file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 1;
}

}  // namespace

CFd OpenPlainFile(const std::string& path, int flags, mode_t mode) {
  const int safe = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  if (geteuid() != 0) return CFd(open(path.c_str(), safe, mode));
  const std::filesystem::path whole(path);
  const std::string folder = whole.has_parent_path() ? whole.parent_path().string() : ".";
  const CFd at(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at.IsValid()) return CFd();
  if (IsRootsAlone(at.Get())) return CFd(openat(at.Get(), whole.filename().c_str(), safe, mode));
  CFd fd(openat(at.Get(), whole.filename().c_str(), safe | O_NOFOLLOW, mode));
  if (!HasOtherName(fd.Get())) return fd;
  errno = ELOOP;
  return CFd();
}

}  // namespace switchboard
