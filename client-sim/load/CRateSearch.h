#pragma once

#include <optional>

namespace switchboard::sim {

// Searches the highest rate that keeps an objective: doubles until one misses it, then halves the gap until it is
// within a few percent. A rate has failed only when it has missed twice in a row: one bad moment is no limit.
// Threads: one.
class CRateSearch {
 public:
  static constexpr double kPrecision = 0.03;  // of the rate
  static constexpr int kMaxTrials = 60;

  // The first rate is `firstRate`, over 0.
  explicit CRateSearch(double firstRate) : m_next(firstRate) {}

  // The rate to try next; nothing when the search is over.
  std::optional<double> Next() const { return m_isOver ? std::nullopt : std::optional(m_next); }
  // What came of Next.
  void Tell(bool isMet);
  // The highest rate that kept the objective; 0 if none did.
  double Best() const { return m_best; }

 private:
  void Choose();

  double m_next;
  double m_best = 0;
  double m_worst = 0;  // the lowest that failed; 0: none yet
  bool m_hasMissed = false;
  bool m_isOver = false;
  int m_trials = 0;
};

}  // namespace switchboard::sim
