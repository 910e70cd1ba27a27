#pragma once

#include <string>

struct pidfh;

namespace switchboard {

// The pid file of the master: held locked for as long as the server lives, removed at its end.
// Threads: one.
class CPidFile {
 public:
  // Locks the file at `path` and writes the caller's pid into it. Throws std::runtime_error with one line, which names
  // the running process when there is one.
  explicit CPidFile(const std::string& path);
  ~CPidFile();
  CPidFile(const CPidFile&) = delete;
  CPidFile& operator=(const CPidFile&) = delete;

  // Gives the file another name; what has that name is replaced. Throws std::system_error.
  void MoveTo(const std::string& path);

  // Whether the file was there already: its server ended without a chance to remove it.
  bool WasLeftBehind() const { return m_wasLeftBehind; }

  // In a forked child: lets go of the file, which stays locked by the parent alone.
  void Forget();

 private:
  std::string m_path;
  const bool m_wasLeftBehind;
  pidfh* m_p_file = nullptr;
};

}  // namespace switchboard
