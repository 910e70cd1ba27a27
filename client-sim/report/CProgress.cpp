#include "client-sim/report/CProgress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "client-sim/base/Text.h"
#include "client-sim/base/Time.h"

namespace switchboard::sim {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::milliseconds kLine{1000};
constexpr size_t kBarColumns = 24;

}  // namespace

std::string ByteRateText(double bytesPerSecond) {
  constexpr const char* kUnits[]{"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};
  size_t unit = 0;
  for (; bytesPerSecond >= 999.5 && unit + 1 < std::size(kUnits); ++unit) bytesPerSecond /= 1000;
  const int digits = bytesPerSecond >= 99.95 || unit == 0 ? 0 : bytesPerSecond >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", bytesPerSecond, digits, kUnits[unit]);
}

void CProgress::Begin(std::string name, uint64_t have, uint64_t total) {
  const MonotonicTime now = m_clock.Now();
  if (m_first == MonotonicTime{}) m_first = now;
  m_name = std::move(name);
  m_startHave = m_have = have;
  m_total = total;
  m_start = now;
  m_next = now + (m_output.columns ? kRedraw : kLine);
}

void CProgress::Update(uint64_t have) {
  m_have = have;
  const MonotonicTime now = m_clock.Now();
  if (now < m_next) return;
  if (!m_output.columns) {
    m_next = now + kLine;
    m_output.print(Line(now) + "\n");
    return;
  }
  m_next = now + kRedraw;
  const double part = m_total == 0 ? 1 : static_cast<double>(m_have) / static_cast<double>(m_total);
  const auto full = static_cast<size_t>(std::llround(std::clamp(part, 0.0, 1.0) * kBarColumns));
  std::string bar;
  for (size_t i = 0; i < kBarColumns; ++i) bar += i < full ? "━" : "╌";
  const std::string line = Line(now);
  // A line that wrapped could not be redrawn.
  const bool isFitting = line.size() + kBarColumns + 2 < m_output.columns();
  const std::string shown = isFitting ? bar + "  " + line : line.substr(0, m_output.columns() - 1);
  m_isDrawn = m_output.print("\r\x1b[2K" + shown) || m_isDrawn;
}

std::string CProgress::Line(MonotonicTime now) const {
  const double seconds = SecondsOf(now - m_start);
  const double rate = seconds > 0 ? static_cast<double>(m_have - std::min(m_have, m_startHave)) / seconds : 0;
  const double percent = m_total == 0 ? 100 : 100.0 * static_cast<double>(m_have) / static_cast<double>(m_total);
  std::string line = fmt::format("{}  {:.0f} %  {} of {}  {}", m_name, percent, WithCommas(m_have), WithCommas(m_total),
                                 ByteRateText(rate));
  if (rate > 0) line += "  " + ClockText(static_cast<double>(m_total - std::min(m_have, m_total)) / rate) + " left";
  return line;
}

void CProgress::End() {
  if (m_isDrawn) m_output.print("\r\x1b[2K");
  m_isDrawn = false;
}

double CProgress::Seconds() const { return SecondsOf(m_clock.Now() - m_first); }

}  // namespace switchboard::sim
