#include "client-sim/report/CSvgChart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace switchboard::sim {
namespace {

// Of the whole drawing, in its own units; the page scales it.
constexpr double kWidth = 1000;
constexpr double kHeight = 300;
constexpr double kLeft = 66;
constexpr double kRight = 966;
constexpr double kBandTop = 6;  // the names of bands stand above the plot
constexpr double kTop = 28;
constexpr double kBottom = 268;
constexpr double kTipLine = 17;

template <typename... Args>
void Append(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

// 1, 2 or 5 times a power of ten, at least `value`.
double RoundUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

}  // namespace

SAxis SAxis::Linear(double highest, std::string (*text)(double)) {
  const double step = RoundUp(std::max(highest, 1e-9) / 5);
  const auto count = static_cast<int>(std::ceil(std::max(highest, 1e-9) / step - 1e-9));
  SAxis axis{0, step * count, false, {}};
  for (int i = 0; i <= count; ++i) axis.ticks.emplace_back(step * i, text(step * i));
  return axis;
}

SAxis SAxis::Log(double lowest, double highest, std::string (*text)(double)) {
  SAxis axis{lowest, std::max(highest, lowest * 1.01), true, {}};
  const double decades = std::log10(axis.highest / axis.lowest);
  for (double power = std::pow(10, std::floor(std::log10(lowest))); power <= axis.highest; power *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      const double value = step * power;
      if (step != 1 && decades > 2.5) continue;
      if (value >= axis.lowest * (1 - 1e-9) && value <= axis.highest * (1 + 1e-9)) {
        axis.ticks.emplace_back(value, text(value));
      }
    }
  }
  return axis;
}

SAxis SAxis::Percentiles(double highest) {
  SAxis axis{1, std::max(highest, 10.0), true, {}};
  for (const auto& [value, text] : std::initializer_list<std::pair<double, const char*>>{
           {1, "0"}, {2, "50"}, {4, "75"}, {10, "90"}, {1e2, "99"}, {1e3, "99.9"}, {1e4, "99.99"}, {1e5, "99.999"}}) {
    if (value <= axis.highest * (1 + 1e-9)) axis.ticks.emplace_back(value, fmt::format("{} %", text));
  }
  return axis;
}

double SAxis::At(double value) const {
  const double within = std::clamp(value, lowest, highest);
  if (isLog) return std::log(within / lowest) / std::log(highest / lowest);
  return (within - lowest) / (highest - lowest);
}

void CSvgChart::AddBand(double from, double to, std::string name, std::string cssClass) {
  m_bands.push_back({from, to, std::move(name), std::move(cssClass)});
}

double CSvgChart::X(double value) const { return kLeft + m_x.At(value) * (kRight - kLeft); }

double CSvgChart::Y(double value) const { return kBottom - m_y.At(value) * (kBottom - kTop); }

std::string CSvgChart::Svg() const {
  std::string svg = fmt::format("<figure><figcaption><b>{}</b>", EscapeHtml(m_title));
  for (const SSeries& series : m_series) {
    Append(svg, "<span class=\"key {}\">{}</span>", series.cssClass, EscapeHtml(series.name));
  }
  Append(svg, "</figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, kHeight,
         EscapeHtml(m_title));
  AppendBands(svg);
  AppendGrid(svg);
  AppendSeries(svg);
  AppendHovers(svg);
  return svg + "</svg></figure>\n";
}

void CSvgChart::AppendGrid(std::string& svg) const {
  for (const auto& [value, text] : m_y.ticks) {
    Append(svg, "<path class=\"grid\" d=\"M{0} {1:.1f}H{2}\"/><text x=\"{3}\" y=\"{4:.1f}\" class=\"y\">{5}</text>\n",
           kLeft, Y(value), kRight, kLeft - 8, Y(value) + 4, EscapeHtml(text));
  }
  for (const auto& [value, text] : m_x.ticks) {
    Append(svg, "<path class=\"tick\" d=\"M{0:.1f} {1}v5\"/><text x=\"{0:.1f}\" y=\"{2}\" class=\"x\">{3}</text>\n",
           X(value), kBottom, kBottom + 20, EscapeHtml(text));
  }
}

void CSvgChart::AppendBands(std::string& svg) const {
  for (const SBand& band : m_bands) {
    const double left = X(band.from);
    const double width = std::max(X(band.to) - left, 1.0);
    Append(svg, "<rect class=\"band {}\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>", band.cssClass, left,
           kBandTop, width, kBottom - kBandTop);
    // A name that would run over its neighbour's stays away; about 7 units a letter.
    if (static_cast<double>(band.name.size()) * 7 + 8 > width) continue;
    Append(svg, "<text class=\"bandname\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", left + 5, kBandTop + 14,
           EscapeHtml(band.name));
  }
}

void CSvgChart::AppendSeries(std::string& svg) const {
  for (const SSeries& series : m_series) {
    std::string path;
    for (const auto& [x, y] : series.points) Append(path, "{}{:.1f} {:.1f}", path.empty() ? "M" : "L", X(x), Y(y));
    if (path.empty()) continue;
    if (series.points.size() == 1) path += "h1";
    if (series.isArea) {
      Append(svg, "<path class=\"area {}\" d=\"{}V{}H{:.1f}Z\"/>", series.cssClass, path, kBottom,
             X(series.points.front().first));
    }
    Append(svg, "<path class=\"line {}\" d=\"{}\"/>\n", series.cssClass, path);
  }
}

void CSvgChart::AppendHovers(std::string& svg) const {
  for (size_t i = 0; i < m_hovers.size(); ++i) {
    const double x = X(m_hovers[i].x);
    const double left = i == 0 ? kLeft : (X(m_hovers[i - 1].x) + x) / 2;
    const double right = i + 1 == m_hovers.size() ? kRight : (x + X(m_hovers[i + 1].x)) / 2;
    Append(svg, "<g class=\"hover\"><rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>", left, kTop,
           std::max(right - left, 0.5), kBottom - kTop);
    AppendTip(svg, m_hovers[i]);
    svg += "</g>\n";
  }
}

void CSvgChart::AppendTip(std::string& svg, const SHover& hover) const {
  size_t letters = 0;
  for (const std::string& line : hover.lines) letters = std::max(letters, line.size());
  const double width = static_cast<double>(letters) * 7.2 + 20;
  const double x = X(hover.x);
  const double left = x + width + 12 > kRight ? x - width - 10 : x + 10;
  Append(svg,
         "<g class=\"tip\"><path d=\"M{0:.1f} {1}V{2}\"/><rect x=\"{3:.1f}\" y=\"{4}\" width=\"{5:.0f}\" "
         "height=\"{6:.0f}\" rx=\"6\"/>",
         x, kTop, kBottom, left, kTop + 6, width, static_cast<double>(hover.lines.size()) * kTipLine + 12);
  double y = kTop + 6;
  for (const std::string& line : hover.lines) {
    y += kTipLine;
    Append(svg, "<text x=\"{:.1f}\" y=\"{:.0f}\">{}</text>", left + 10, y + 2, EscapeHtml(line));
  }
  svg += "</g>";
}

std::string EscapeHtml(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace switchboard::sim
