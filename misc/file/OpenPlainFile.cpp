#include "misc/file/OpenPlainFile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace switchboard {

namespace {

bool IsRootsAlone(int folder) {
  struct stat status {};
  return fstat(folder, &status) == 0 && status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

CFd OpenPlainFile(const std::string& path, int flags, mode_t mode) {
  const int safe = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  if (geteuid() != 0) return CFd(open(path.c_str(), safe, mode));
  const std::filesystem::path whole(path);
  const std::string folder = whole.has_parent_path() ? whole.parent_path().string() : ".";
  const CFd at(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at.IsValid()) return CFd();
  return CFd(openat(at.Get(), whole.filename().c_str(), IsRootsAlone(at.Get()) ? safe : safe | O_NOFOLLOW, mode));
}

}  // namespace switchboard
