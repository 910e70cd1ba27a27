#include "misc/file/CFileRoot.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>

namespace switchboard {

namespace {

// The kernel gives up (EAGAIN) when something is renamed while it resolves "..": rare, so a few tries are plenty.
constexpr int kTries = 8;

int OpenAt2(int directory, const char* p_path, int flags, mode_t mode, uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags);
  how.mode = mode;
  how.resolve = resolve;
  int fd = -1;
  for (int i = 0; i < kTries; ++i) {
    fd = static_cast<int>(::syscall(SYS_openat2, directory, p_path, &how, sizeof(how)));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return fd;
}

// A path as the kernel takes it.
class CPath {
 public:
  explicit CPath(std::string_view path) {
    if (path.size() >= m_bytes.size() || path.find('\0') != std::string_view::npos) return;
    if (path.empty()) path = ".";
    std::memcpy(m_bytes.data(), path.data(), path.size());
    m_bytes[path.size()] = '\0';
    m_isValid = true;
  }
  bool IsValid() const { return m_isValid; }
  const char* Get() const { return m_bytes.data(); }

 private:
  std::array<char, PATH_MAX> m_bytes;
  bool m_isValid = false;
};

bool IsNameOfEntry(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= NAME_MAX;
}

// Whether a path leads out by itself, without any link.
bool PointsUp(std::string_view path) {
  return path.starts_with('/') || ('/' + std::string(path) + '/').find("/../") != std::string::npos;
}

// The name of what is open, as the process sees it now; empty when it has none, or when there is no /proc.
std::string NameOf(const CFd& fd) {
  std::array<char, PATH_MAX> name;
  const std::string link = "/proc/self/fd/" + std::to_string(fd.Get());
  const ssize_t bytes = ::readlink(link.c_str(), name.data(), name.size());
  return {name.data(), bytes < 0 ? 0 : static_cast<size_t>(bytes)};
}

EFileError ErrorOfType(mode_t mode) { return S_ISDIR(mode) ? EFileError::kIsDirectory : EFileError::kNotRegular; }

struct SCloseDirectory {
  void operator()(DIR* p_directory) const { ::closedir(p_directory); }
};

}  // namespace

// The directory of a path's last name, and that name.
struct CFileRoot::SParent {
  CFd directory;
  std::array<char, NAME_MAX + 1> name = {};
  EFileError error = EFileError::kNone;
};

CFileRoot::CFileRoot(const std::string& directory, ESymlinks symlinks)
    : m_root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      m_resolve(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (symlinks == ESymlinks::kNone ? RESOLVE_NO_SYMLINKS : 0)) {
  const auto check = [&directory](bool isGood) {
    if (!isGood) throw std::system_error(errno, std::generic_category(), directory);
  };
  check(m_root.IsValid());
  // Refuses the start, rather than every request, where the kernel or a filter of system calls has no openat2.
  check(CFd(OpenAt2(m_root.Get(), ".", O_PATH | O_CLOEXEC, 0, m_resolve)).IsValid());
}

SOpenedFile CFileRoot::OpenFile(std::string_view path) const { return Open(path, O_RDONLY, 0, S_IFREG); }

SOpenedFile CFileRoot::OpenDirectory(std::string_view path) const {
  return Open(path, O_RDONLY | O_DIRECTORY, 0, S_IFDIR);
}

SOpenedFile CFileRoot::Status(std::string_view path) const { return Open(path, O_PATH, 0, 0); }

SOpenedFile CFileRoot::OpenForWriting(std::string_view path) const {
  return Open(path, O_RDWR | O_NOFOLLOW, 0, S_IFREG);
}

SOpenedFile CFileRoot::Create(std::string_view path, mode_t mode) const {
  return Open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode & ALLPERMS, S_IFREG);
}

SDirectoryList CFileRoot::List(std::string_view path, size_t maxEntries) const {
  SDirectoryList list;
  SOpenedFile opened = OpenDirectory(path);
  list.error = opened.error;
  if (list.error != EFileError::kNone) return list;
  const std::unique_ptr<DIR, SCloseDirectory> p_directory(::fdopendir(opened.fd.Get()));
  if (!p_directory) {
    list.error = ErrorOf(errno);
    return list;
  }
  const int directory = opened.fd.Release();
  const std::string prefix = path.empty() ? std::string() : std::string(path) + '/';
  while (true) {
    errno = 0;
    const dirent* p_entry = ::readdir(p_directory.get());
    if (p_entry == nullptr) {
      if (errno != 0) list.error = ErrorOf(errno);
      return list;
    }
    const std::string_view name(p_entry->d_name);
    if (name == "." || name == "..") continue;
    struct stat status {};
    if (::fstatat(directory, p_entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(status.st_mode)) status = Status(prefix + p_entry->d_name).status;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) continue;
    if (list.entries.size() == maxEntries) {
      list.isComplete = false;
      return list;
    }
    list.entries.push_back({std::string(name), S_ISDIR(status.st_mode),
                            S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0, status.st_mtim});
  }
}

EFileError CFileRoot::Rename(std::string_view from, std::string_view to, bool isReplacing) const {
  const SParent source = OpenParent(from, O_PATH);
  if (source.error != EFileError::kNone) return source.error;
  const SParent target = OpenParent(to, O_PATH);
  if (target.error != EFileError::kNone) return target.error;
  const int result = ::renameat2(source.directory.Get(), source.name.data(), target.directory.Get(), target.name.data(),
                                 isReplacing ? 0 : RENAME_NOREPLACE);
  return result == 0 ? EFileError::kNone : ErrorOf(errno);
}

EFileError CFileRoot::Unlink(std::string_view path) const {
  const SParent parent = OpenParent(path, O_PATH);
  if (parent.error != EFileError::kNone) return parent.error;
  return ::unlinkat(parent.directory.Get(), parent.name.data(), 0) == 0 ? EFileError::kNone : ErrorOf(errno);
}

EFileError CFileRoot::SyncDirectoryOf(std::string_view path) const {
  const SParent parent = OpenParent(path, O_RDONLY);
  if (parent.error != EFileError::kNone) return parent.error;
  return ::fsync(parent.directory.Get()) == 0 ? EFileError::kNone : ErrorOf(errno);
}

EFileError CFileRoot::ErrorOf(int errorNumber) {
  switch (errorNumber) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return EFileError::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:  // a link against the policy, or a circle of them
    case EXDEV:  // a way out of the root
      return EFileError::kForbidden;
    case EISDIR:
      return EFileError::kIsDirectory;
    case ENXIO:  // a socket, or a fifo without a reader
    case ENODEV:
      return EFileError::kNotRegular;
    case EEXIST:
      return EFileError::kExists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return EFileError::kNoSpace;
    case EMFILE:
    case ENFILE:
      return EFileError::kTooManyDescriptors;
    default:
      return EFileError::kOther;
  }
}

CFd CFileRoot::OpenRaw(std::string_view path, int flags, mode_t mode, EFileError& error) const {
  const CPath kernelPath(path);
  if (!kernelPath.IsValid()) {
    error = EFileError::kNotFound;
    return CFd();
  }
  // The kernel refuses flags that mean nothing beside O_PATH.
  const int always = O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY);
  CFd fd(OpenAt2(m_root.Get(), kernelPath.Get(), flags | always, mode, m_resolve));
  const bool isForReading = (flags & (O_ACCMODE | O_CREAT)) == O_RDONLY;
  if (!fd.IsValid() && errno == EXDEV && isForReading && !PointsUp(path)) {
    fd = OpenWhereItEnds(kernelPath.Get(), flags | always);
  }
  error = fd.IsValid() ? EFileError::kNone : ErrorOf(errno);
  return fd;
}

CFd CFileRoot::OpenWhereItEnds(const char* p_path, int flags) const {
  // Names it only (O_PATH): nothing out there is opened, read or changed. The name may be another's by the next line;
  // whose it is then, the kernel says, beneath the root as ever.
  const CFd end(OpenAt2(m_root.Get(), p_path, O_PATH | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS));
  if (end.IsValid()) {
    const std::string name = NameOf(end);
    const std::string root = NameOf(m_root);
    // "a/b" of "/srv/www/a/b"; the root itself is ".".
    std::string beneath = name.starts_with(root) ? name.substr(root.size()) : std::string();
    if (root == "/") beneath.insert(0, root);
    if (name == root) beneath = "/.";
    if (!root.empty() && beneath.starts_with('/')) {
      CFd fd(OpenAt2(m_root.Get(), beneath.c_str() + 1, flags, 0, m_resolve | RESOLVE_NO_SYMLINKS));
      if (fd.IsValid()) return fd;
    }
  }
  if (errno != EMFILE && errno != ENFILE) errno = EXDEV;
  return CFd();
}

// `wantedType` is S_IFREG, S_IFDIR, or 0 for either.
SOpenedFile CFileRoot::Open(std::string_view path, int flags, mode_t mode, mode_t wantedType) const {
  SOpenedFile opened;
  opened.fd = OpenRaw(path, flags, mode, opened.error);
  if (!opened.fd.IsValid()) return opened;
  if (::fstat(opened.fd.Get(), &opened.status) != 0) {
    opened.error = ErrorOf(errno);
  } else {
    const mode_t type = opened.status.st_mode & S_IFMT;
    const bool isWanted = wantedType == 0 ? type == S_IFREG || type == S_IFDIR : type == wantedType;
    if (!isWanted) opened.error = ErrorOfType(opened.status.st_mode);
  }
  if (opened.error != EFileError::kNone) {
    opened.fd.Reset();
    opened.status = {};
  }
  return opened;
}

CFileRoot::SParent CFileRoot::OpenParent(std::string_view path, int flags) const {
  SParent parent;
  const size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (!IsNameOfEntry(name) || name.find('\0') != std::string_view::npos) {
    parent.error = EFileError::kNotFound;
    return parent;
  }
  std::memcpy(parent.name.data(), name.data(), name.size());
  // An absolute path is refused by the kernel, as long as its first slash is kept.
  const std::string_view above =
      slash == std::string_view::npos ? std::string_view() : path.substr(0, slash == 0 ? 1 : slash);
  parent.directory = OpenRaw(above, flags | O_DIRECTORY, 0, parent.error);
  return parent;
}

}  // namespace switchboard
