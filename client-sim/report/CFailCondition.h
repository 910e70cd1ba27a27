#pragma once

#include <string>
#include <vector>

#include "client-sim/report/CCompare.h"

namespace switchboard::sim {

// What a comparison must not show: a figure that has grown, or fallen, by more than so many percent.
// Threads: any; constant after construction.
class CFailCondition {
 public:
  // "p99>+10%,throughput<-5%": names as the comparison prints them. Throws std::invalid_argument.
  static std::vector<CFailCondition> List(const std::string& text);

  // Says what is wrong, in a line; empty if nothing is. What was not measured can't be shown to be well, and is wrong.
  // A count that neither run has has not changed.
  std::string Failure(const std::vector<SComparedRow>& rows) const;

 private:
  CFailCondition(std::string name, bool isGrowth, double percent);

  std::string m_name;
  bool m_isGrowth;
  double m_percent;  // signed
};

}  // namespace switchboard::sim
