#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace switchboard {

enum class ELogLevel : uint8_t { kDebug, kInfo, kWarn, kError, kAlert };

// The log: text lines "2026-01-31 12:00:00.123 [warn] 4711 sb-io: message" (local time, pid, thread name), one write(2)
// to an O_APPEND descriptor each, so lines of several processes never tear each other. Control bytes and invalid UTF-8
// are escaped as \xNN. It has no lock, no buffer and no thread: a forked child simply goes on using it.
// A line that can't be written (disk full, pipe full, standard error among them) is dropped and counted, never waited
// for; the next line that can is preceded by one that tells how many were lost.
// Threads: any, except Reopen, which one thread of a process calls.
class CLog {
 public:
  // An empty `file` or "stderr" writes to standard error. A relative path is resolved here, against the working
  // directory of the moment. Throws std::system_error when the file can't be opened.
  CLog(const std::string& file, ELogLevel level);
  ~CLog();
  CLog(const CLog&) = delete;
  CLog& operator=(const CLog&) = delete;

  // Opens the file anew (after logrotate moved it), under the feet of the other threads: each line goes whole to the
  // one or the other. Keeps the old file, and returns false with errno set, when that fails. Each process reopens for
  // itself. Does nothing on standard error.
  bool Reopen();
  // Goes on in this file, named as in the constructor; nothing to do when it is the same. Throws as the constructor,
  // and keeps the old file then. Only while the process has one thread.
  void SetFile(const std::string& file);
  void SetLevel(ELogLevel level) { m_level.store(level, std::memory_order_relaxed); }
  bool IsOn(ELogLevel level) const { return level >= m_level.load(std::memory_order_relaxed); }

  template <class... Args>
  void Debug(fmt::format_string<Args...> format, Args&&... args) {
    if (IsOn(ELogLevel::kDebug)) Write(ELogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void Info(fmt::format_string<Args...> format, Args&&... args) {
    if (IsOn(ELogLevel::kInfo)) Write(ELogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void Warn(fmt::format_string<Args...> format, Args&&... args) {
    if (IsOn(ELogLevel::kWarn)) Write(ELogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void Error(fmt::format_string<Args...> format, Args&&... args) {
    if (IsOn(ELogLevel::kError)) Write(ELogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
  }
  // At a level of the moment.
  void At(ELogLevel level, std::string_view message) {
    if (IsOn(level)) Write(level, message);
  }
  // What must wake somebody: a broken invariant, a crashed worker, a log that can't be written.
  template <class... Args>
  void Alert(fmt::format_string<Args...> format, Args&&... args) {
    Write(ELogLevel::kAlert, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  class CImpl;
  void Write(ELogLevel level, std::string_view message);

  std::atomic<ELogLevel> m_level;
  std::string m_file;
  std::unique_ptr<CImpl> m_p_impl;
};

}  // namespace switchboard
