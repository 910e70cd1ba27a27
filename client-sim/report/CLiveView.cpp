#include "client-sim/report/CLiveView.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "client-sim/base/Text.h"
#include "client-sim/report/CReport.h"
#include "client-sim/report/RunReport.h"

namespace switchboard::sim {
namespace {

constexpr size_t kBarColumns = 24;
constexpr size_t kSparkColumns = 48;
constexpr size_t kMaxRates = 4096;

bool IsStart(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// The first `columns` characters; every one that we print is a column wide.
std::string_view Cut(std::string_view text, size_t columns) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsStart(text[i]) && seen++ == columns) return text.substr(0, i);
  }
  return text;
}

std::string Bar(double fraction) {
  const auto full = static_cast<size_t>(std::llround(std::clamp(fraction, 0.0, 1.0) * kBarColumns));
  std::string bar;
  for (size_t i = 0; i < kBarColumns; ++i) bar += i < full ? "━" : "╌";
  return bar;
}

std::string Rate(double perSecond) { return WithCommas(static_cast<uint64_t>(std::llround(perSecond))) + "/s"; }
std::string LatencyLine(const SSecond& second) {
  const auto text = [&second](uint64_t ns) {
    return second.IsMeasured() ? LatencyText(static_cast<double>(ns)) : std::string(kNoFigure);
  };
  return fmt::format("  latency      p50 {}   p90 {}   p99 {}   max {}", text(second.p50Ns), text(second.p90Ns),
                     text(second.p99Ns), text(second.maxNs));
}

double RepliesPerSecond(const SSecond& second) {
  return second.length > 0 ? static_cast<double>(second.replies) / second.length : 0;
}

std::string CountLine(const SSecond& second, const CLedger& totals) {
  std::string line = fmt::format("  connections  {}   rejects {}   faults {}", WithCommas(second.connections),
                                 WithCommas(totals.Get(ECount::kRejected)), WithCommas(totals.Faults()));
  for (const ECount what : {ECount::kInFlightAtReset, ECount::kReconnects, ECount::kUnsent}) {
    if (totals.Get(what) != 0) line += fmt::format("   {} {}", ToString(what), WithCommas(totals.Get(what)));
  }
  return line;
}

size_t TerminalColumns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : 80;
}

}  // namespace

SLiveOutput SLiveOutput::Standard() {
  const char* p_term = std::getenv("TERM");
  const bool isCapable = p_term != nullptr && std::string_view(p_term) != "dumb";
  if (isCapable && ::isatty(STDOUT_FILENO) == 1) return {PrintIfTaken, TerminalColumns};
  return {PrintIfTaken, nullptr};
}

void CLiveView::OnStart(const SRunOptions& options) { m_output.print(CReport::Heading(options)); }

void CLiveView::OnPhaseBegin(EPhaseKind kind, const std::string& name, double targetRate, Nanoseconds duration) {
  m_kind = kind;
  m_name = name;
  m_targetRate = targetRate;
  m_phaseSeconds = SecondsOf(duration);
  m_elapsedSeconds = 0;
}

void CLiveView::OnSecond(const SSecond& second, const CLedger& totals) {
  m_elapsedSeconds += second.length;
  m_targetRate = second.targetRate;
  if (m_rates.size() == kMaxRates) m_rates.erase(m_rates.begin(), m_rates.begin() + kMaxRates / 2);
  m_rates.push_back(RepliesPerSecond(second));
  if (IsTerminal()) {
    DrawBlock(second, totals);
  } else {
    m_output.print(CReport::LiveLine(second, totals));
  }
}

void CLiveView::OnPhaseEnd(const SPhaseResult& phase) {
  if (phase.kind == EPhaseKind::kLoad) return;
  LeaveBlock();
  m_output.print(CReport::PhaseLine(phase));
}

void CLiveView::DrawBlock(const SSecond& second, const CLedger& totals) {
  const std::string lines[]{TimeLine(), RateLine(second), LatencyLine(second), CountLine(second, totals)};
  // A line that wrapped would be two when it is redrawn.
  const size_t columns = std::max<size_t>(m_output.columns(), 2) - 1;
  std::string block = m_drawn == 0 ? "" : fmt::format("\x1b[{}A", m_drawn);
  for (const std::string& line : lines) {
    const bool isAlarming = &line == &lines[3] && totals.Faults() != 0;
    block +=
        fmt::format("\r\x1b[2K{}{}{}\n", isAlarming ? "\x1b[31m" : "", Cut(line, columns), isAlarming ? "\x1b[0m" : "");
  }
  if (m_output.print(block)) m_drawn = std::size(lines);
}

std::string CLiveView::TimeLine() const {
  std::string line =
      fmt::format("  {:<11}  {}", m_name.empty() ? ToString(m_kind) : m_name, ClockText(m_elapsedSeconds));
  if (m_phaseSeconds <= 0) return line;
  return line + fmt::format(" of {}   {}   {} left", ClockText(m_phaseSeconds), Bar(m_elapsedSeconds / m_phaseSeconds),
                            ClockText(m_phaseSeconds - m_elapsedSeconds));
}

std::string CLiveView::RateLine(const SSecond& second) const {
  std::string line = fmt::format("  rate         {}", Rate(RepliesPerSecond(second)));
  if (m_targetRate > 0) line += fmt::format(" of {}", Rate(m_targetRate));
  return line + "   " + Sparkline(m_rates, kSparkColumns);
}

void CLiveView::LeaveBlock() {
  if (m_drawn == 0) return;
  if (m_output.print(fmt::format("\x1b[{}A\x1b[J", m_drawn))) m_drawn = 0;
}

}  // namespace switchboard::sim
