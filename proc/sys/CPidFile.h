#pragma once

#include <sys/types.h>

#include <string>

#include "misc/file/CFd.h"

namespace switchboard {

// The pid file of the master: held locked for as long as the server lives, removed at its end.
//
// The lock is a write lock of fcntl(2), of the open file: only who may write the file can have it, so that nobody else
// passes for the server, and the pid in a locked file is the holder's.
// Threads: one.
class CPidFile {
 public:
  // Locks the file at `path` and writes the caller's pid into it. Throws std::runtime_error with one line, which names
  // the running process when there is one, and changes nothing then.
  explicit CPidFile(const std::string& path);
  ~CPidFile();
  CPidFile(const CPidFile&) = delete;
  CPidFile& operator=(const CPidFile&) = delete;

  // Gives the file another name; what has that name is replaced. Throws std::system_error.
  void MoveTo(const std::string& path);

  // Whether the file was there already: its server ended without a chance to remove it.
  bool WasLeftBehind() const { return m_wasLeftBehind; }
  // Whether what has the file's name is still this file.
  bool IsInPlace() const;

  // In a forked child: lets go of the file, which stays locked by the parent alone.
  void Forget() { m_file.Reset(); }

  // Whether a server holds the file behind this descriptor.
  static bool IsHeld(int fd);
  // Why what has this name can't become a pid file, which would lose what is in it: it is a link, or no server has
  // written it. Empty when it can, and when nothing has the name.
  static std::string WhyForeign(const std::string& path);

 private:
  std::string m_path;
  const bool m_wasLeftBehind;
  CFd m_file;
};

}  // namespace switchboard
