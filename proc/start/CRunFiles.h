#pragma once

#include <string>

#include "proc/sys/CPidFile.h"

namespace switchboard {

// The files by which a running server is found: its pid file, and beside it the scoreboard's. Both are gone at its end.
// During an upgrade the old binary's are called *.oldbin, and the next binary has their names.
// Threads: one.
class CRunFiles {
 public:
  // Locks the pid file. Throws std::runtime_error with one line, also when a running server has left the name to its
  // next binary, and this is another one (`isNextBinary` is false).
  explicit CRunFiles(const std::string& pidFile, bool isNextBinary = false);
  ~CRunFiles();
  CRunFiles(const CRunFiles&) = delete;
  CRunFiles& operator=(const CRunFiles&) = delete;

  // Where the scoreboard belongs.
  std::string Scoreboard() const;

  // Leaves the names to the next binary. Throws std::runtime_error with one line when there is still an older binary
  // that has left them to this one, or when it can't be done.
  void MoveAside();
  // Takes the names back, over what a dead binary may have left there. Throws std::system_error.
  void MoveBack();

  // Whether another binary serves besides this one, older or newer: it has the same listening sockets.
  bool HasOtherBinary() const;

  // After MoveAside: whether the next binary has taken the names.
  bool IsHomeTaken() const;

  // Whether the server before this one was killed.
  bool FollowsACrash() const { return m_pidFile.WasLeftBehind(); }

  // In a forked child: leaves the files to the parent.
  void Forget();

  // The pid file of an old binary.
  static std::string AsideName(const std::string& pidFile) { return pidFile + ".oldbin"; }

 private:
  void MoveTo(const std::string& pidFile);

  const std::string m_home;
  std::string m_path;  // of the pid file, now
  CPidFile m_pidFile;
  bool m_isOurs = true;
};

}  // namespace switchboard
