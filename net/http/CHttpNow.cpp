#include "net/http/CHttpNow.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace switchboard {

void CHttpNow::Refresh() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != m_seconds) Set(now.tv_sec);
}

void CHttpNow::Set(int64_t seconds) {
  m_seconds = seconds;
  m_date = CHttpDate::Format(seconds);
  const time_t time = seconds;
  tm local{};
  ::localtime_r(&time, &local);
  // Not strftime: the month's name must not depend on the locale.
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::string_view month = kMonths.substr(3 * static_cast<size_t>(local.tm_mon), 3);
  const long minutes = local.tm_gmtoff / 60;
  const long distance = minutes < 0 ? -minutes : minutes;
  const int bytes = std::snprintf(m_logTime.data(), m_logTime.size(), "%02d/%.3s/%04d:%02d:%02d:%02d %c%02ld%02ld",
                                  local.tm_mday, month.data(), local.tm_year + 1900, local.tm_hour, local.tm_min,
                                  local.tm_sec, minutes < 0 ? '-' : '+', distance / 60, distance % 60);
  m_logTimeBytes = bytes < 0 ? 0 : std::min(static_cast<size_t>(bytes), m_logTime.size() - 1);
}

}  // namespace switchboard
