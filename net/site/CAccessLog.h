#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "misc/CFd.h"
#include "misc/CLog.h"

namespace switchboard {

// The access log of one listener: gathers lines, and writes those of one round of the event loop with one write(2) to
// an O_APPEND descriptor, so lines of several workers don't tear each other. What can't be written (disk full) is
// dropped and counted in the server's log; nobody waits for it.
// Threads: sb-io, but for the constructor.
class CAccessLog {
 public:
  // An empty `file` is no log. A relative path is resolved here. Throws std::system_error when it can't be opened.
  CAccessLog(const std::string& file, CLog& log);

  bool IsOn() const { return m_fd.IsValid(); }
  // Room for a line, to append to.
  std::string& Gathered() { return m_gathered; }
  void Flush() {
    if (!m_gathered.empty()) Write();
  }
  void FlushIfLarge() {
    if (m_gathered.size() >= kLargeBytes) Write();
  }
  // Writes one line at once. Threads: any.
  void WriteLine(std::string_view line) const;
  // Goes on in the file that has the name now; keeps the old one, and logs an error, when that can't be opened.
  void Reopen();

 private:
  static constexpr size_t kLargeBytes = 64 * 1024;
  void Write();

  std::string m_file;
  CLog& m_log;
  CLogLimit m_limit;
  CFd m_fd;
  std::string m_gathered;
};

}  // namespace switchboard
