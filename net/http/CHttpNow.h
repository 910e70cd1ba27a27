#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/CHttpDate.h"

namespace switchboard {

// The wall clock as responses and the access log write it, formatted once a second and only when somebody asks.
// Threads: one owner at a time.
class CHttpNow {
 public:
  // Looks at the clock (no system call: vDSO). The views below stay as they are until the next call.
  void Refresh();
  // For tests: as if the clock said so.
  void Set(int64_t seconds);

  int64_t Seconds() const { return m_seconds; }
  // "Sun, 06 Nov 1994 08:49:37 GMT".
  std::string_view Date() const { return {m_date.data(), m_date.size()}; }
  // "06/Nov/1994:09:49:37 +0100", in the time zone of the process: what the combined log format wants.
  std::string_view LogTime() const { return {m_logTime.data(), m_logTimeBytes}; }

 private:
  int64_t m_seconds = INT64_MIN;
  CHttpDate::Text m_date = {};
  size_t m_logTimeBytes = 0;
  std::array<char, 40> m_logTime = {};
};

}  // namespace switchboard
