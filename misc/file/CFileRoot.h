#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "misc/file/CFd.h"

namespace switchboard {

// Why a file was not opened.
enum class EFileError : uint8_t {
  kNone,
  kNotFound,            // no such name, or no such path: a name in it is no directory, or too long
  kForbidden,           // no permission, a symbolic link against the policy, or a way out of the root
  kIsDirectory,         // a directory where a file was asked for
  kNotRegular,          // a fifo, a socket, a device
  kExists,              // the name that should be new is taken
  kNoSpace,             // no space, or over a quota
  kTooManyDescriptors,  // of the process or the system: try again later
  kOther                // an error of the device, no memory …
};

// What becomes of symbolic links in a path.
enum class ESymlinks : uint8_t {
  kWithinRoot,  // they are followed as long as they end beneath the root
  kNone         // they are refused
};

// A regular file or a directory that was opened, or why not.
struct SOpenedFile {
  CFd fd;  // valid if there is no error
  struct stat status = {};
  EFileError error = EFileError::kNone;
};

// A name in a directory.
struct SDirectoryEntry {
  std::string name;  // any bytes but NUL and '/'
  bool isDirectory = false;
  uint64_t bytes = 0;            // of a regular file
  struct timespec changed = {};  // time of the last modification
};

// The names in a directory, or why there are none.
struct SDirectoryList {
  std::vector<SDirectoryEntry> entries;  // in no order, without "." and ".."
  bool isComplete = true;                // false: there were more than the limit
  EFileError error = EFileError::kNone;
};

// Opens, makes, renames and removes files beneath one directory and nowhere else, whatever the path says: the kernel
// resolves it (openat2(2), RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS), so a link or a rename that happens meanwhile
// can't lead out. A link that leads out and back in, as an absolute one does, counts by where it ends: that is opened
// anew beneath the root, by a path without links (for reading only; it takes /proc). A path is relative to the root;
// the empty one is the root itself. Paths with a NUL, absolute ones and ones of 4096 bytes and more lead nowhere.
// Opening never blocks on a fifo; only regular files and directories are given out. The directory is opened once: if
// another takes its name, the first one stays the root.
// Threads: any. The calls block as long as the disk does.
class CFileRoot {
 public:
  // Throws std::system_error if `directory` can't be opened or is none, and if the kernel has no openat2 (before 5.6).
  CFileRoot(const std::string& directory, ESymlinks symlinks);

  // Opens a regular file for reading.
  SOpenedFile OpenFile(std::string_view path) const;
  // Opens a directory for reading its names.
  SOpenedFile OpenDirectory(std::string_view path) const;
  // What `path` names, file or directory, without opening it for reading: the descriptor (O_PATH) can't be read from.
  SOpenedFile Status(std::string_view path) const;
  // The regular files and directories in a directory, `maxEntries` of them at most. Symbolic links appear as what they
  // lead to, if the policy follows them; other names are left out.
  SDirectoryList List(std::string_view path, size_t maxEntries) const;

  // Opens a regular file for reading and writing that exists; a symbolic link as its last name is refused.
  SOpenedFile OpenForWriting(std::string_view path) const;
  // Makes a new, empty file of the permissions `mode` (less the umask), open for reading and writing.
  SOpenedFile Create(std::string_view path, mode_t mode) const;
  // Gives a file another name, at once: whoever opens `to` gets the old file or the new one. Without `isReplacing`, a
  // `to` that exists is kExists. Make the file durable before with fsync(2), and the rename after with
  // SyncDirectoryOf(to).
  EFileError Rename(std::string_view from, std::string_view to, bool isReplacing) const;
  // Removes the name of a file; a symbolic link is removed itself, never what it leads to.
  EFileError Unlink(std::string_view path) const;
  // Waits until the names in the directory that holds `path` are on the disk.
  EFileError SyncDirectoryOf(std::string_view path) const;

  // The kind of error that an errno of the calls above means.
  static EFileError ErrorOf(int errorNumber);

 private:
  struct SParent;

  CFd OpenRaw(std::string_view path, int flags, mode_t mode, EFileError& error) const;
  // Where the links of a path that leads out of the root end, if that is beneath it; errno EXDEV if not.
  CFd OpenWhereItEnds(const char* p_path, int flags) const;
  SOpenedFile Open(std::string_view path, int flags, mode_t mode, mode_t wantedType) const;
  SParent OpenParent(std::string_view path, int flags) const;

  CFd m_root;
  uint64_t m_resolve;
};

}  // namespace switchboard
