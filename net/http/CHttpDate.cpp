#include "net/http/CHttpDate.h"

#include <algorithm>
#include <chrono>

namespace switchboard {

namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr int64_t kFirst = -62167219200;  // 0000-01-01
constexpr int64_t kLast = 253402300799;   // 9999-12-31 23:59:59

void PutNumber(char* p_at, int number, size_t digits) {
  for (size_t i = digits; i-- > 0; number /= 10) p_at[i] = static_cast<char>('0' + number % 10);
}

// Takes what is expected off the front of a text; after a failure everything fails.
class CReader {
 public:
  explicit CReader(std::string_view text) : m_rest(text) {}

  bool Skip(std::string_view expected) {
    m_isGood = m_isGood && m_rest.starts_with(expected);
    if (m_isGood) m_rest.remove_prefix(expected.size());
    return m_isGood;
  }
  int Number(size_t digits) {
    int number = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char c = m_rest.empty() ? '\0' : m_rest.front();
      m_isGood = m_isGood && c >= '0' && c <= '9';
      if (!m_isGood) return 0;
      number = number * 10 + (c - '0');
      m_rest.remove_prefix(1);
    }
    return number;
  }
  // 1 … 12.
  unsigned Month() {
    const size_t at = m_rest.size() < 3 ? std::string_view::npos : kMonths.find(m_rest.substr(0, 3));
    m_isGood = m_isGood && at != std::string_view::npos && at % 3 == 0;
    if (!m_isGood) return 0;
    m_rest.remove_prefix(3);
    return static_cast<unsigned>(at / 3 + 1);
  }
  std::chrono::seconds Time() {
    const int hours = Number(2);
    Skip(":");
    const int minutes = Number(2);
    Skip(":");
    const int seconds = Number(2);
    m_isGood = m_isGood && hours < 24 && minutes < 60 && seconds <= 60;  // 60: a leap second
    return std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds);
  }
  bool StartsWith(char c) const { return m_rest.starts_with(c); }
  bool IsGoodAndAtEnd() const { return m_isGood && m_rest.empty(); }

 private:
  std::string_view m_rest;
  bool m_isGood = true;
};

int FullYear(int twoDigits, int64_t now) {
  const year_month_day today(std::chrono::floor<std::chrono::days>(sys_seconds(std::chrono::seconds(now))));
  const int thisYear = static_cast<int>(today.year());
  int year = thisYear - thisYear % 100 + twoDigits;
  if (year > thisYear + 50) year -= 100;
  if (year <= thisYear - 50) year += 100;
  return year;
}

// The name of a day that `text` begins with: 3 bytes, or the whole one if a comma follows that; 0: none.
size_t DayBytes(std::string_view text) {
  for (const std::string_view day : kDays) {
    if (text.starts_with(day) && text.substr(day.size()).starts_with(',')) return day.size();
    if (text.starts_with(day.substr(0, 3))) return 3;
  }
  return 0;
}

}  // namespace

CHttpDate::Text CHttpDate::Format(int64_t seconds) {
  const sys_seconds time{std::chrono::seconds(std::clamp(seconds, kFirst, kLast))};
  const sys_days day = std::chrono::floor<std::chrono::days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  Text text = {'D', 'D', 'D', ',', ' ', '0', '0', ' ', 'M', 'M', 'M', ' ', '0', '0', '0',
               '0', ' ', '0', '0', ':', '0', '0', ':', '0', '0', ' ', 'G', 'M', 'T'};
  kDays[std::chrono::weekday(day).c_encoding()].copy(text.data(), 3);
  PutNumber(&text[5], static_cast<int>(static_cast<unsigned>(date.day())), 2);
  kMonths.substr(3 * (static_cast<unsigned>(date.month()) - 1), 3).copy(&text[8], 3);
  PutNumber(&text[12], static_cast<int>(date.year()), 4);
  PutNumber(&text[17], static_cast<int>(clock.hours().count()), 2);
  PutNumber(&text[20], static_cast<int>(clock.minutes().count()), 2);
  PutNumber(&text[23], static_cast<int>(clock.seconds().count()), 2);
  return text;
}

std::optional<int64_t> CHttpDate::Parse(std::string_view text, int64_t now) {
  const size_t dayBytes = DayBytes(text);
  if (dayBytes == 0) return std::nullopt;
  CReader reader(text.substr(dayBytes));
  int year = 0;
  unsigned month = 0;
  int day = 0;
  std::chrono::seconds clock{};
  if (!reader.StartsWith(',')) {  // asctime's form
    reader.Skip(" ");
    month = reader.Month();
    reader.Skip(" ");
    day = reader.StartsWith(' ') && reader.Skip(" ") ? reader.Number(1) : reader.Number(2);
    reader.Skip(" ");
    clock = reader.Time();
    reader.Skip(" ");
    year = reader.Number(4);
  } else {
    const bool isShort = dayBytes == 3;
    const std::string_view separator = isShort ? " " : "-";
    reader.Skip(", ");
    day = reader.Number(2);
    reader.Skip(separator);
    month = reader.Month();
    reader.Skip(separator);
    year = isShort ? reader.Number(4) : FullYear(reader.Number(2), now);
    reader.Skip(" ");
    clock = reader.Time();
    reader.Skip(" GMT");
  }
  const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.IsGoodAndAtEnd() || !date.ok()) return std::nullopt;
  return (sys_days(date) + clock).time_since_epoch().count();
}

}  // namespace switchboard
