#pragma once

#include <string>
#include <utility>
#include <vector>

namespace switchboard::sim {

// Where a chart's values lie, and which of them are written at the edge.
struct SAxis {
  double lowest = 0;
  double highest = 1;
  bool isLog = false;
  std::vector<std::pair<double, std::string>> ticks;

  // 0 … at least `highest`, with round ticks; `perTick` turns a value into text.
  static SAxis Linear(double highest, std::string (*text)(double));
  // Powers of ten, or finer ones if the span is short; both bounds are over 0.
  static SAxis Log(double lowest, double highest, std::string (*text)(double));
  // Percentiles by how rare what lies above them is: 50, 90, 99, 99.9 …, each as far from the last. The values are
  // 1 / (1 - fraction); `highest` is such a value.
  static SAxis Percentiles(double highest);

  // 0 … 1
  double At(double value) const;
};

// A line chart as SVG, without a script and without colours of its own: those come from the classes that the style
// sheet of the page knows. What the pointer is over shows its values.
// Threads: one.
class CSvgChart {
 public:
  struct SSeries {
    std::string name;
    std::string cssClass;
    std::vector<std::pair<double, double>> points;
    bool isArea = false;
  };

  CSvgChart(std::string title, SAxis x, SAxis y) : m_title(std::move(title)), m_x(std::move(x)), m_y(std::move(y)) {}

  void Add(SSeries series) { m_series.push_back(std::move(series)); }
  // A stretch of the x axis with a name, such as a phase of the run.
  void AddBand(double from, double to, std::string name, std::string cssClass);
  // What is shown while the pointer is nearest to `x`: a line of text per entry.
  void AddHover(double x, std::vector<std::string> lines) { m_hovers.push_back({x, std::move(lines)}); }

  std::string Svg() const;

 private:
  struct SBand {
    double from;
    double to;
    std::string name;
    std::string cssClass;
  };
  struct SHover {
    double x;
    std::vector<std::string> lines;
  };

  double X(double value) const;
  double Y(double value) const;
  void AppendGrid(std::string& svg) const;
  void AppendBands(std::string& svg) const;
  void AppendSeries(std::string& svg) const;
  void AppendHovers(std::string& svg) const;
  void AppendTip(std::string& svg, const SHover& hover) const;

  const std::string m_title;
  const SAxis m_x;
  const SAxis m_y;
  std::vector<SSeries> m_series;
  std::vector<SBand> m_bands;
  std::vector<SHover> m_hovers;
};

// Text as it may stand in HTML or SVG, quotes included.
std::string EscapeHtml(const std::string& text);

}  // namespace switchboard::sim
