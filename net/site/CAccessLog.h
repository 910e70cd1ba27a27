#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "misc/CLimitedLog.h"
#include "misc/file/CFd.h"
#include "misc/thread/Annotations.h"
#include "misc/thread/CMutex.h"
#include "net/conn/CConnection.h"
#include "net/http/CHttpNow.h"
#include "net/http/SHttpRequest.h"

namespace switchboard {

// The access log of one listener, in the combined format: gathers lines, and writes those of one round of the event
// loop with one write(2) to an O_APPEND descriptor, so lines of several threads and workers don't tear each other. What
// can't be written (disk full) is dropped and counted in the server's log; nobody waits for it.
// Threads: any, but for the constructor and Reopen: one at a time.
class CAccessLog {
 public:
  // An empty `file` is no log. A relative path is resolved here. Throws std::system_error when it can't be opened.
  CAccessLog(const std::string& file, CLimitedLog& log);

  bool IsOn() const { return m_fd.IsValid(); }
  // Gathers the line of an answer, of which `bodyBytes` of body are sent; whoever does calls Flush when it has no more.
  void Append(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status, uint64_t bodyBytes);
  void Flush();
  // Writes one line at once.
  void Write(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
             uint64_t bodyBytes) const;
  // Goes on in the file that has the name now; keeps the old one, and logs an error, when that can't be opened.
  void Reopen();

 private:
  static constexpr size_t kLargeBytes = 64 * 1024;  // so many are written before Flush

  void WriteLines(const std::string& lines) const;

  std::string m_file;
  CLimitedLog& m_log;
  CFd m_fd;

  CMutex m_mutex;
  std::string m_gathered GUARDED_BY(m_mutex);
};

}  // namespace switchboard
