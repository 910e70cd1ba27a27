#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client-sim/report/RunReport.h"

namespace switchboard::sim {

enum class EJudgement : uint8_t { kNone, kBetter, kWorse };

// One figure of two runs.
struct SComparedRow {
  std::string name;
  std::string before;
  std::string after;
  std::string change;  // "+4.3 %"; empty where there is nothing to divide
  // The same as a number; infinite from 0 on, and none where one of the runs has measured nothing.
  std::optional<double> percent;
  EJudgement judgement = EJudgement::kNone;
};

// Puts the figures of two runs side by side.
// Threads: any; stateless.
class CCompare {
 public:
  // Changes up to this are called noise, and not judged.
  static constexpr double kNoise = 0.03;

  static std::vector<SComparedRow> Rows(const SRunReport& before, const SRunReport& after);
  // The parameters that differ.
  static std::vector<SComparedRow> Differences(const SRunReport& before, const SRunReport& after);
  // Both as text for a terminal.
  static std::string Text(const SRunReport& before, const SRunReport& after);
};

}  // namespace switchboard::sim
