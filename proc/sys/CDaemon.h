#pragma once

#include <string_view>
#include <utility>

#include "misc/file/CFd.h"

namespace switchboard {

// The verdict about a start, told to the terminal that the server was started from; Detach makes the server a daemon.
// Until the verdict, the process on the terminal waits, so that a start-up error appears there and sets the exit code.
// Threads: one.
class CDaemon {
 public:
  // How a verdict begins in the pipe; the text follows, up to the end of the pipe.
  static constexpr char kReady = '+';
  static constexpr char kFailed = '-';

  // Puts the server into the background: a double fork, a session of its own, umask 027, /dev/null as standard input,
  // output and error, and no other descriptor that the program was started with. Returns in the daemon only; the
  // calling process waits for the verdict and exits with it. Without this call the server is in the foreground. Throws
  // std::system_error.
  void Detach();

  // The verdict goes into the pipe `report` instead: the process that waits for it is the master of the old binary. It
  // is told as Detach tells it, '+' (ready) or '-' (failed), and the text. This process is in the background already.
  void Inherit(CFd report) { m_report = std::move(report); }
  bool IsInherited() const { return m_report.IsValid(); }

  // The server serves. A `notice` that is not empty goes to the terminal.
  void Ready(std::string_view notice = {});
  // The start failed for the reason in `message`, one line. After Detach, the terminal's process ends only when every
  // process of this start has ended.
  void Fail(std::string_view message);

  // In a forked child: leaves the verdict to the parent.
  void Forget() { m_report.Reset(); }

 private:
  void Report(char verdict, std::string_view text);

  CFd m_report;  // invalid in the foreground
};

}  // namespace switchboard
